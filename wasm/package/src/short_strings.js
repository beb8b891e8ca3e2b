
/** Bytes of a text from a unit on, as UTF-8. */
function utf8Length(text, from) {
    let bytes = 0;
    for (let at = from; at < text.length; at++) {
        const point = text.codePointAt(at);
        if (point > 0xffff) at++;
        bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
    return bytes;
}

/** Writes a text from a unit on as UTF-8; half a pair as U+FFFD, as a TextEncoder does. */
function writeUtf8(text, from, into, to) {
    for (let at = from; at < text.length; at++) {
        let point = text.codePointAt(at);
        if (point > 0xffff) at++;
        if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
        if (point < 0x80) {
            into[to++] = point;
            continue;
        }
        if (point < 0x800) {
            into[to++] = 0xc0 | point >> 6;
        } else {
            if (point < 0x10000) {
                into[to++] = 0xe0 | point >> 12;
            } else {
                into[to++] = 0xf0 | point >> 18;
                into[to++] = 0x80 | point >> 12 & 0x3f;
            }
            into[to++] = 0x80 | point >> 6 & 0x3f;
        }
        into[to++] = 0x80 | point & 0x3f;
    }
}
