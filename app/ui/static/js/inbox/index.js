// The inbox page: a list, a conversation, and the news that keep both true.
import { emit, isConnected, onChange, onEvent } from "../socket.js";
import { toast } from "../toast.js";
import { Alerts } from "./alerts.js";
import { Composer } from "./composer.js";
import { Filters } from "./filters.js";
import { calm, html, parse, post } from "./http.js";
import { startKeys } from "./keys.js";
import { reschedule } from "./later.js";
import { List } from "./list.js";
import { Panel } from "./panel.js";
import { redraw } from "./parts.js";
import { startPlayers } from "./player.js";
import { Selection } from "./selection.js";
import { Thread } from "./thread.js";
import { startViewer, view } from "./viewer.js";

const POLL = 4000; // ms, without a socket
const SAFETY = 45000; // ms, with one: an event may get lost
const UNSEEN = 30000; // ms, without one, while nobody looks: the title still counts

class Inbox {
  constructor(root) {
    this.root = root;
    this.place = root.querySelector("[data-conversation]");
    this.list = new List(root);
    this.selection = new Selection(root, this.list, () => this.refresh());
    this.alerts = new Alerts(root, this.list);
    this.filters = new Filters(root, this.list, (id) => this.open(this.address(id)));
    this.parts = calm(() => redraw(this), 300);
    this.bind();
    startKeys(root, this);
    startPlayers(root);
    startViewer();
    this.panel = new Panel(root);
    if (this.place.querySelector(".conversation")) this.adopt();
    this.listen();
    this.tick();
  }

  bind() {
    this.root.addEventListener("click", (event) => this.click(event));
    this.root.addEventListener("submit", (event) => this.submit(event));
    this.root.addEventListener("change", (event) => event.target.closest("form[data-auto]")?.requestSubmit());
    this.root.addEventListener("inbox:open", (event) => this.open(this.address(event.detail)));
    this.root.addEventListener("inbox:sent", (event) => this.sent(event.detail));
    addEventListener("popstate", () => this.arrive());
    addEventListener("pagehide", () => this.composer?.leave());
    addEventListener("online", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.woken());
  }

  listen() {
    onEvent((name, payload) => this.hear(name, payload));
    onChange((connected) => {
      if (connected) (this.subscribe(), this.refresh());
      this.tick();
    });
  }

  // A laptop that slept, a tab that was away: timers stood still meanwhile.
  woken() {
    this.refresh();
    this.seen();
    this.tick();
  }

  address(ticketId) {
    return `${this.root.dataset.indexUrl}/${ticketId}`;
  }

  get ticket() {
    return this.conversation?.dataset.ticketId;
  }

  tick() {
    clearTimeout(this.timer);
    const slow = document.hidden ? UNSEEN : POLL;
    this.timer = setTimeout(() => {
      if (document.hidden) this.list.refresh();
      else this.refresh();
      this.tick();
    }, isConnected() ? SAFETY : slow);
  }

  refresh() {
    this.list.refresh();
    this.thread?.refresh();
    if (this.conversation) this.parts();
  }

  hear(name, payload) {
    if (name === "ticket:typing") return this.typing(payload);
    if (!/^(ticket|message):/.test(name)) return;
    this.list.refresh();
    this.hasMissed ||= this.isOpening;
    if (!this.ticket || payload.ticket_id !== this.ticket) return this.elsewhere(name, payload);
    // A change may be the first news of a message: one typed on the phone itself, say.
    if (name === "message:update" && this.thread.has(payload.message_id)) this.thread.change(payload.message_id);
    else this.thread.refresh();
    if (name === "ticket:update") this.moved(payload);
    if (name === "message:new") this.seen(true);
  }

  // Receipts name the message only; it is drawn again when it is here.
  elsewhere(name, payload) {
    if (name === "message:update" && payload.message_id) this.thread?.change(payload.message_id);
    if (name === "message:update" && payload.changes) payload.changes.forEach(([id]) => this.thread?.change(id));
  }

  moved(payload) {
    if (payload.change === "read" || payload.change === "unread") return;
    this.subscribe();
    this.parts();
  }

  typing(payload) {
    if (payload.ticket_id !== this.ticket || payload.user_id === this.root.dataset.me) return;
    const names = this.root.querySelector("[data-people]").content;
    const name = names.querySelector(`[data-person-id="${CSS.escape(payload.user_id)}"]`)?.textContent;
    this.thread?.showTyping([name, this.root.dataset.wordsTyping].filter(Boolean).join(" "));
  }

  subscribe() {
    if (this.ticket) emit("ticket:subscribe", { ticket_id: this.ticket });
  }

  click(event) {
    const find = (selector) => event.target.closest(selector);
    const link = find("[data-open-ticket], [data-tab], [data-back], [data-saved-filter], [data-drop-filter]");
    if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
      event.preventDefault();
      if (link.matches("[data-open-ticket]")) this.open(link.href);
      else if (link.matches("[data-back]")) this.shut();
      else this.follow(link);
    } else if (find("[data-toggle-panel]")) this.panel.toggle();
    else if (find("[data-reply]")) this.composer?.quote(find("[data-reply]").dataset);
    else if (find("[data-go-message]")) (event.preventDefault(), this.thread.go(find("[data-go-message]").dataset.goMessage));
    else if (find("[data-view]")) (event.preventDefault(), view(find("[data-view]")));
    else if (find("[data-reschedule]")) reschedule(find("[data-reschedule]"), () => this.parts());
  }

  follow(link) {
    if (link.matches("[data-tab]")) this.filters.change({ tab: link.dataset.tab });
    else if (link.matches("[data-drop-filter]")) this.filters.change({ [link.dataset.dropFilter]: "" });
    else this.filters.turn(new URL(link.href).searchParams);
  }

  async submit(event) {
    const { target: form, submitter } = event;
    if (form.method !== "post" || event.defaultPrevented || form.matches("[data-composer]")) return;
    if (submitter?.dataset.plain !== undefined) return;
    event.preventDefault();
    const body = new FormData(form, submitter);
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    submitter?.classList.add("is-busy");
    if (submitter?.dataset.take) this.hold();
    try {
      await post(action, body);
      form.closest("dialog")?.close();
      if (form.dataset.presence) this.present(form.dataset.presence);
      if (submitter?.dataset.take) await this.open(this.address(submitter.dataset.take));
    } catch (refused) {
      toast(refused.message, refused.status === 409 ? "warning" : "error");
      if (submitter?.dataset.take) this.settle();
    }
    submitter?.classList.remove("is-busy");
    this.refresh();
  }

  present(status) {
    for (const form of this.root.querySelectorAll("[data-presence]")) {
      form.querySelector("button").setAttribute("aria-pressed", String(form.dataset.presence === status));
    }
    this.root.querySelector("[data-away]").hidden = status !== "away";
  }

  async open(address, push = true, isStep = false) {
    const path = new URL(address, location.href).pathname;
    if (this.ticket && path.endsWith(this.ticket)) return this.stay(path);
    this.composer?.leave();
    const wanted = (this.wanted = path);
    this.hasMissed = false;
    this.list.mark(path.split("/").pop());
    this.root.classList.add("has-conversation");
    this.hold();
    if (!this.conversation) this.place.replaceChildren(this.root.querySelector("[data-loading]").content.cloneNode(true));
    try {
      const page = await html(path);
      if (this.wanted !== wanted) return;
      if (push) history.pushState(null, "", `${path}?${this.list.search}`);
      this.place.inert = false;
      this.place.replaceChildren(...parse(page).children);
      this.adopt(isStep);
      // What happened while the page was on its way may be missing in it.
      if (this.hasMissed) this.refresh();
    } catch (refused) {
      if (this.wanted === wanted) this.shut();
      toast(refused.message, "error");
      this.list.refresh();
    } finally {
      if (this.wanted === wanted || !this.wanted) this.settle();
    }
  }

  stay(path) {
    this.wanted = path;
    this.list.mark(this.ticket);
    this.settle();
    this.composer?.text.focus();
  }

  /** Another conversation is on its way: whoever types on already must not answer the one before. */
  hold() {
    this.place.setAttribute("aria-busy", "true");
    this.place.inert = true;
  }

  settle() {
    this.place.inert = false;
    this.place.removeAttribute("aria-busy");
  }

  get isOpening() {
    return this.place.hasAttribute("aria-busy");
  }

  adopt(isStep = false) {
    if (this.ticket) emit("ticket:unsubscribe", { ticket_id: this.ticket });
    this.conversation = this.place.querySelector(".conversation");
    this.thread = new Thread(this.conversation);
    const tell = () => emit("ticket:typing", { ticket_id: this.ticket });
    const writes = this.conversation.querySelector("[data-composer]");
    this.composer = writes ? new Composer(this.root, this.conversation, this.thread, tell) : null;
    this.panel.show();
    this.list.mark(this.ticket);
    this.subscribe();
    this.seen();
    const { hit } = this.list.rows.find(this.ticket) ?? {};
    if (hit) this.thread.go(hit);
    // Who walks through the list with the keyboard stays there until they answer.
    if (!isStep && matchMedia("(min-width: 62rem)").matches) this.composer?.text.focus({ preventScroll: true });
  }

  arrive() {
    if (location.pathname === this.root.dataset.indexUrl) this.shut(false);
    else this.open(location.href, false);
  }

  shut(push = true) {
    this.composer?.leave();
    if (this.ticket) emit("ticket:unsubscribe", { ticket_id: this.ticket });
    this.wanted = this.conversation = this.thread = this.composer = null;
    this.root.classList.remove("has-conversation");
    this.place.replaceChildren(this.root.querySelector("[data-nothing]").content.cloneNode(true));
    this.list.mark(null);
    if (push) history.pushState(null, "", `${this.root.dataset.indexUrl}?${this.list.search}`);
  }

  /** Looked at: read here and, if the company wants it, at WhatsApp. Peeking at what waits marks nothing. */
  seen(isNew = false) {
    if (!this.conversation || document.hidden || this.conversation.dataset.status === "pending") return;
    if (!isNew && this.list.rows.find(this.ticket)?.unread === 0) return;
    this.mark ??= calm(() => this.ticket && post(`${this.root.dataset.indexUrl}/${this.ticket}/read`, new FormData()), 1000);
    this.mark();
  }

  sent(entry) {
    if (entry.isLater) toast(this.root.dataset.wordsScheduled, "success");
    this.list.refresh();
    this.parts();
  }

  step(by) {
    const row = this.list.rows.beside(this.wantedId ?? this.ticket, by);
    if (row) this.stepTo(row);
  }

  stepTo(row) {
    this.list.reveal(row.id)?.focus({ preventScroll: true });
    this.open(this.address(row.id), true, true);
  }

  get wantedId() {
    return this.wanted?.split("/").pop();
  }
}

export default (root) => {
  root.inbox = new Inbox(root);
};
