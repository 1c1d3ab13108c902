/** Who did something: a person (JWT), a token, or the server itself. */
export interface Actor {
  kind: 'USER' | 'TOKEN' | 'SYSTEM';
  id: string;
  name: string | null;
}
export const SYSTEM: Actor = { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' };
