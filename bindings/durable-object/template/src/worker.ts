// Documents for who has a token: `ws://HOST/my-document?token=...&name=ann`.
import worker, { DocumentObject as Document, type Admission, type Env as Documents } from 'merganser-durable-object'

interface Env extends Documents {
  /** Who has it may write; without it, read. */
  TOKEN?: string
  /** Who has it may export, import and delete documents. */
  ADMIN_TOKEN?: string
}

export class DocumentObject extends Document<Env> {
  protected override onConnect (request: Request): Admission | Response {
    const { searchParams } = new URL(request.url)
    const token = searchParams.get('token')
    if (token !== null && token !== this.env.TOKEN) return new Response('a wrong token\n', { status: 401 })
    return { rights: token === null ? 'read' : 'write', user: { name: searchParams.get('name') ?? 'somebody' } }
  }

  protected override onFlush ({ sequence }: { sequence: number }): void {
    console.log(`${this.ctx.id.name} is stored up to ${sequence}`)
  }

  protected override mayAdminister (request: Request): boolean {
    const { ADMIN_TOKEN } = this.env
    return ADMIN_TOKEN !== undefined && request.headers.get('Authorization') === `Bearer ${ADMIN_TOKEN}`
  }
}

export default worker
