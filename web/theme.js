// Light or dark, decided before the first paint: by the address (?theme=dark), which holds for this
// tab, else as chosen before, else as the system has it. A plain script, because modules run after
// the first paint.
(() => {
  const known = (theme) => (theme === 'light' || theme === 'dark' ? theme : null);
  let theme = known(new URLSearchParams(location.search).get('theme'));
  try {
    if (theme) sessionStorage.setItem('theme', theme);
    else theme = known(sessionStorage.getItem('theme')) ?? known(localStorage.getItem('theme'));
  } catch { /* private mode: the system decides */ }
  if (theme) document.documentElement.dataset.theme = theme;
})();
