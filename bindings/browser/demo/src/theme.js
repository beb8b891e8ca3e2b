// Light or dark: as the system has it, until someone chooses.

const KEY = 'merganser-theme'
const root = document.documentElement
const systemIsDark = matchMedia('(prefers-color-scheme: dark)')

/** Makes `button` switch between light and dark. */
export function prepareTheme (button) {
  const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : systemIsDark.matches
  const draw = () => {
    button.setAttribute('aria-label', isDark() ? 'Use light colours' : 'Use dark colours')
    button.title = button.getAttribute('aria-label')
  }
  try {
    const chosen = localStorage.getItem(KEY)
    if (chosen === 'dark' || chosen === 'light') root.dataset.theme = chosen
  } catch {
    // The system's choice stays.
  }
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    try {
      localStorage.setItem(KEY, root.dataset.theme)
    } catch {
      // It holds for this page only.
    }
    draw()
  })
  systemIsDark.addEventListener('change', draw)
  draw()
}
