// Numbers as tables show them.

export const number = value => value.toLocaleString('en')

/** Three digits that count. */
export const digits = value => value >= 100 ? number(Math.round(value)) : value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)
