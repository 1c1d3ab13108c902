/** Goes to the first field that was refused, once it is drawn as such. */
export function focusFault(within: ParentNode | null): void {
  setTimeout(() => within?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus(), 50);
}
