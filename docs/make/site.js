// What the pages do: search in the index that is loaded beside them, and tabs of languages. Works
// from file://, asks nobody for anything; without it, pages show every language, one below the
// other.
'use strict'

const RESULTS_MAX = 20

/** How well a section answers the words; 0: not at all. */
function score ([page, title, , text], words) {
  const lowerTitle = title.toLowerCase()
  const lowerText = text.toLowerCase()
  let sum = 0
  for (const word of words) {
    if (lowerTitle === word) sum += 100
    else if (lowerTitle.startsWith(word)) sum += 40
    else if (lowerTitle.includes(word)) sum += 20
    else if (page.toLowerCase().includes(word)) sum += 6
    else if (!lowerText.includes(word)) return 0
    sum += Math.min(lowerText.split(word).length - 1, 5)
  }
  return sum
}

/** The best sections for what was typed. */
function search (query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const rated = window.rqIndex.map(section => ({ section, score: score(section, words), words }))
  return rated.filter(found => found.score > 0)
    .sort((a, b) => b.score - a.score).slice(0, RESULTS_MAX)
}

/** Some of the text around the first word that it holds. */
function excerpt (text, words) {
  const places = words.map(word => text.toLowerCase().indexOf(word)).filter(at => at >= 0)
  const from = Math.max(0, Math.min(...places, text.length) - 40)
  return (from > 0 ? '…' : '') + text.slice(places.length ? from : 0).slice(0, 120)
}

function element (name, className, text) {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}

function resultOf ({ section: [page, title, address, text], words }) {
  const link = element('a', '', '')
  link.href = document.body.dataset.up + address
  link.append(element('b', '', title), element('span', 'page', page === title ? '' : page),
    element('span', 'excerpt', excerpt(text, words)))
  const item = document.createElement('li')
  item.append(link)
  return item
}

function setUpSearch () {
  const input = document.getElementById('query')
  const list = document.getElementById('results')
  const show = () => {
    const found = search(input.value)
    list.replaceChildren(...found.map(resultOf))
    if (input.value.trim() && !found.length) list.append(element('li', 'none', 'Nothing found'))
    list.hidden = !input.value.trim()
  }
  input.addEventListener('input', show)
  input.addEventListener('focus', show)
  input.addEventListener('keydown', event => {
    if (event.key === 'Enter') list.querySelector('a')?.click()
    if (event.key === 'ArrowDown') { event.preventDefault(); list.querySelector('a')?.focus() }
  })
  list.addEventListener('keydown', event => {
    const item = document.activeElement.parentElement
    const next = { ArrowDown: item.nextSibling, ArrowUp: item.previousSibling }[event.key]
    if (next) { event.preventDefault(); next.querySelector('a')?.focus() }
  })
  list.addEventListener('click', () => { list.hidden = true })
  document.addEventListener('click', event => {
    if (!event.target.closest('.search')) list.hidden = true
  })
  document.addEventListener('keydown', event => {
    if (event.key === '/' && document.activeElement === document.body) {
      event.preventDefault()
      input.focus()
    }
    if (event.key === 'Escape') list.hidden = true
  })
}

/** The language that was chosen last; a browser may refuse to keep it. */
const chosen = {
  get: () => { try { return localStorage.getItem('rq-language') } catch { return null } },
  set: name => { try { localStorage.setItem('rq-language', name) } catch {} }
}

/** Shows this language in every block that has it. */
function choose (name) {
  for (const block of document.querySelectorAll('.tabs')) {
    const sections = [...block.querySelectorAll('section')]
    if (!sections.some(section => section.dataset.tab === name)) continue
    for (const section of sections) section.hidden = section.dataset.tab !== name
    for (const button of block.querySelectorAll('[role=tab]')) {
      const selected = button.textContent === name
      button.setAttribute('aria-selected', selected)
      button.tabIndex = selected ? 0 : -1
    }
  }
}

function setUpTabs () {
  for (const block of document.querySelectorAll('.tabs')) {
    const bar = element('div', 'tab-bar', '')
    bar.setAttribute('role', 'tablist')
    for (const section of block.querySelectorAll('section')) {
      const button = element('button', '', section.dataset.tab)
      button.setAttribute('role', 'tab')
      button.addEventListener('click', () => {
        // What is above may change its height: the block stays where it is seen.
        const before = block.getBoundingClientRect().top
        choose(button.textContent)
        chosen.set(button.textContent)
        window.scrollBy(0, block.getBoundingClientRect().top - before)
      })
      section.setAttribute('role', 'tabpanel')
      bar.append(button)
    }
    bar.addEventListener('keydown', event => {
      const side = { ArrowRight: 'nextSibling', ArrowLeft: 'previousSibling' }[event.key]
      const next = side && document.activeElement[side]
      if (next) { next.click(); next.focus() }
    })
    block.classList.add('ready')
    block.prepend(bar)
    choose(block.querySelector('section').dataset.tab)
  }
  if (chosen.get()) choose(chosen.get())
}

setUpSearch()
setUpTabs()
