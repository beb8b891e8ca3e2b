// The editor: CodeMirror with Markdown, bound to the shared text, with the others' cursors.
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { HighlightStyle, Language, defineLanguageFacet, indentOnInput, syntaxHighlighting } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { EditorView, drawSelection, dropCursor, highlightSpecialChars, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { GFM, parser } from '@lezer/markdown'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'

const markdown = new Language(defineLanguageFacet(), parser.configure(GFM), [], 'markdown')

const look = HighlightStyle.define([
  { tag: tags.heading1, class: 'md-heading md-heading-1' },
  { tag: tags.heading2, class: 'md-heading md-heading-2' },
  { tag: tags.heading, class: 'md-heading' },
  { tag: tags.strong, class: 'md-strong' },
  { tag: tags.emphasis, class: 'md-emphasis' },
  { tag: tags.strikethrough, class: 'md-strike' },
  { tag: tags.monospace, class: 'md-code' },
  { tag: tags.quote, class: 'md-quote' },
  { tag: [tags.link, tags.url], class: 'md-link' },
  { tag: [tags.processingInstruction, tags.contentSeparator], class: 'md-mark' }
])

/** An editor of `text` in `parent`; `changed` is called with the text after each change. */
export function openEditor ({ text, awareness, parent, changed }) {
  const undo = new Y.UndoManager(text)
  const state = EditorState.create({
    doc: text.toString(),
    extensions: [
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap, indentWithTab]),
      highlightSpecialChars(),
      drawSelection(),
      dropCursor(),
      indentOnInput(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Document', spellcheck: 'true', autocapitalize: 'sentences' }),
      placeholder('Write something. Everyone with the link sees it as you type.'),
      markdown,
      syntaxHighlighting(look),
      EditorView.updateListener.of(update => update.docChanged && changed(update.state.doc)),
      yCollab(text, awareness, { undoManager: undo })
    ]
  })
  const view = new EditorView({ state, parent })
  changed(view.state.doc)
  view.focus()
  return view
}
