"""A client without an engine: shows a shared text and appends a line to it. python3 note.py [http://host:port] [document]"""
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

base = sys.argv[1] if len(sys.argv) > 1 else 'http://127.0.0.1:4444'
name = sys.argv[2] if len(sys.argv) > 2 else 'note'
url = f'{base}/api/ot/{urllib.parse.quote(name)}?root=note&kind=text'
session = secrets.token_hex(8)


def ask(address, body=None):
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(address, data)) as answer:
        return json.load(answer)


def apply(text, op):
    """Offsets count UTF-16 code units: the text is two bytes each here."""
    rest, out = text.encode('utf-16-le'), b''
    for step in op:
        size = 2 * step.get('retain', step.get('delete', 0))
        out += step.get('insert', '').encode('utf-16-le') + (rest[:size] if 'retain' in step else b'')
        rest = rest[size:]
    return (out + rest).decode('utf-16-le')


state = ask(url)
end = len(state['content'].encode('utf-16-le')) // 2
op = [{'retain': end}, {'insert': 'a line from Python\n'}] if end else [{'insert': 'a line from Python\n'}]
text = apply(state['content'], op)
request = {'epoch': state['epoch'], 'session': session, 'id': 1, 'revision': state['revision'], 'op': op}
while True:
    try:
        others = ask(url, request)  # sent again, it is carried out once
        break
    except (urllib.error.URLError, ConnectionError) as error:
        if getattr(error, 'code', 503) != 503:
            raise
        time.sleep(1)
text, revision = apply(text, others['op']), others['revision']
print(text, end='')
while '--follow' in sys.argv:
    news = ask(f"{url}&epoch={state['epoch']}&since={revision}&wait=30")
    text, revision = apply(text, news['op']), news['revision']
    if news['op']:
        print('---', text, sep='\n', end='')
