// Who sits in front of this page: a name and a colour, remembered in the browser.

/** Colours that read well under white text, on light and on dark paper. */
export const COLOURS = ['#c2410c', '#b45309', '#4d7c0f', '#047857', '#0e7490', '#1d4ed8', '#6d28d9', '#a21caf', '#be185d', '#57534e']

const MANNERS = ['Bright', 'Calm', 'Curious', 'Deft', 'Kind', 'Merry', 'Patient', 'Quick', 'Quiet', 'Wise']
const BIRDS = ['Avocet', 'Eider', 'Goldeneye', 'Grebe', 'Heron', 'Lapwing', 'Pintail', 'Plover', 'Teal', 'Wigeon']
const KEY = 'merganser-person'
const LONGEST_NAME = 32

const pick = list => list[Math.floor(Math.random() * list.length)]

/** The person that this browser remembers, or a guest. */
export function rememberedPerson () {
  try {
    const { name, colour } = JSON.parse(localStorage.getItem(KEY))
    return { name: cleanName(name) || guestName(), colour: cleanColour(colour) }
  } catch {
    return { name: guestName(), colour: pick(COLOURS) }
  }
}

export function remember (person) {
  try {
    localStorage.setItem(KEY, JSON.stringify(person))
  } catch {
    // A browser that keeps nothing has a guest again next time.
  }
}

function guestName () {
  return `${pick(MANNERS)} ${pick(BIRDS)}`
}

/** What someone wrote, or what came from elsewhere, as a name. */
export function cleanName (name) {
  return typeof name === 'string' ? name.replace(/\s+/g, ' ').trim().slice(0, LONGEST_NAME) : ''
}

/** One of our colours, whatever came. */
export function cleanColour (colour) {
  return COLOURS.includes(colour) ? colour : COLOURS.at(-1)
}

/** One or two letters for a small circle. */
export function initials (name) {
  const words = cleanName(name).split(' ').filter(Boolean)
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words
  return letters.map(word => [...word][0].toLocaleUpperCase()).join('') || '?'
}
