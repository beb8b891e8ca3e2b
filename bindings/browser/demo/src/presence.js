// Who is here: a circle for each person, oneself first, and a small form for one's own name and colour.
import { COLOURS, cleanColour, cleanName, initials, remember } from './person.js'

const MOST_CIRCLES = 5

/** Shows the people whom `provider` tells of in `list`, and lets `person` change in `form`. */
export function showPresence ({ provider, person, list, form, summary }) {
  const { awareness } = provider
  const announce = () => awareness.setLocalStateField('user', {
    name: person.name, color: person.colour, colorLight: person.colour + '33'
  })
  const draw = () => {
    const people = othersHere(awareness)
    const shown = people.slice(0, people.length > MOST_CIRCLES ? MOST_CIRCLES - 1 : MOST_CIRCLES)
    const circles = [ownCircle(person, form), ...shown.map(other => circle(other.name, other.colour))]
    if (people.length > shown.length) circles.push(moreCircle(people.slice(shown.length)))
    list.replaceChildren(...circles)
    summary.textContent = people.length === 0 ? 'Only you are here' : `${people.length + 1} people are here`
  }
  prepareForm(form, person, () => { remember(person); announce(); draw() })
  announce()
  // Who comes back is gone for the others until its state has a later clock than when it went.
  provider.on('sync', isSynced => isSynced && announce())
  awareness.on('change', draw)
  draw()
}

function othersHere (awareness) {
  const others = [...awareness.getStates()].filter(([client, state]) => client !== awareness.clientID && state.user)
  const people = others.map(([client, { user }]) => (
    { client, name: cleanName(user.name) || 'Somebody', colour: cleanColour(user.color) }
  ))
  return people.sort((a, b) => a.client - b.client)
}

function circle (name, colour, element = 'span') {
  const made = document.createElement(element)
  made.className = 'person'
  made.style.setProperty('--colour', colour)
  made.textContent = initials(name)
  made.title = name
  return made
}

function ownCircle (person, form) {
  const own = circle(person.name, person.colour, 'button')
  own.type = 'button'
  own.classList.add('own')
  own.title = `${person.name} (you): change name or colour`
  own.setAttribute('aria-label', own.title)
  own.popoverTargetElement = form
  return own
}

function moreCircle (people) {
  const more = circle('', '#57534e')
  more.textContent = `+${people.length}`
  more.title = people.map(other => other.name).join(', ')
  return more
}

function prepareForm (form, person, changed) {
  const name = form.elements.name
  name.value = person.name
  name.addEventListener('input', () => {
    const wanted = cleanName(name.value)
    if (wanted) {
      person.name = wanted
      changed()
    }
  })
  const swatches = COLOURS.map(colour => {
    const label = document.createElement('label')
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'colour', value: colour })
    input.checked = colour === person.colour
    input.setAttribute('aria-label', `Colour ${colour}`)
    label.style.setProperty('--colour', colour)
    label.append(input)
    return label
  })
  form.querySelector('.swatches').replaceChildren(...swatches)
  form.addEventListener('change', () => {
    person.colour = cleanColour(form.elements.colour.value)
    changed()
  })
  form.addEventListener('submit', event => {
    event.preventDefault()
    form.hidePopover()
  })
}
