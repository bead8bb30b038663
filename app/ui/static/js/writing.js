// Idiomorph's `ignoreActiveValue` leaves the whole inside of the focused element alone. That is meant for what somebody is
// typing: a focused button would keep its old words over its new action.
export const isWriting = () => Boolean(document.activeElement?.matches("input, textarea, select"));
