"""What a provider's refusal means to us."""

from typing import Any, Literal

Scope = Literal["message", "recipient", "instance"]
Proof = Literal["unsent", "unknown"]


class GatewayError(Exception):
    """`code` is ours and stable; `detail` is the provider's own text, for logs and admins."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        scope: Scope = "instance",
        permanent: bool = False,
        retry_after: float | None = None,
        help_url: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.scope = scope
        self.permanent = permanent
        self.retry_after = retry_after
        self.help_url = help_url


class SendError(GatewayError):
    """`proof` is "unsent" only when the answer proves that nothing left."""

    def __init__(self, code: str, detail: str = "", *, proof: Proof, **rest: Any) -> None:
        super().__init__(code, detail, **rest)
        self.proof: Proof = proof


class NotSupported(GatewayError):
    """The provider cannot do this, or is not built in."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_supported", detail, scope="message", permanent=True)
