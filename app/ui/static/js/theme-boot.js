// Classic script in <head>: runs before the first paint, so that no theme flashes.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const choice = root.dataset.themeChoice;
    root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  };
  root.classList.add("js");
  follow();
  dark.addEventListener("change", follow);
})();
