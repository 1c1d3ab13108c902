/** Who asks or did something: a person (JWT), a token, the server itself, or somebody unknown, who changes nothing and is never stored. */
export interface Actor {
  kind: 'USER' | 'TOKEN' | 'SYSTEM' | 'ANONYMOUS';
  id: string;
  name: string | null;
}
export const SYSTEM: Actor = { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' };
