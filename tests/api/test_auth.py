"""`/api/v1/auth` as a program sees it."""


def test_me_tells_who_is_calling(api_client, company):
    me = api_client("agent").get("/auth/me").json
    assert (me["email"], me["role"], me["tenant_id"]) == (company.emails["agent"], "agent", str(company.tenant_id))


def test_the_document_is_served(client):
    answer = client.get("/api/v1/openapi.json")
    assert answer.json["openapi"] == "3.1.0"
    assert "/api/v1/auth/login" in answer.json["paths"]
