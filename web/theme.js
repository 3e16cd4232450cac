// Light or dark, decided before the first paint: by the address (?theme=dark), else as chosen
// before, else as the system has it. A plain script, because modules run after the first paint.
(() => {
  const asked = new URLSearchParams(location.search).get('theme');
  let theme = asked;
  try {
    if (asked === 'light' || asked === 'dark') localStorage.setItem('theme', asked);
    else theme = localStorage.getItem('theme');
  } catch { /* private mode: the system decides */ }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
