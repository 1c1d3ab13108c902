import { registerHooks } from 'node:module';

/** Tasks that lie outside of this package import it by its name all the same. It holds for the thread that it is called in. */
export function provideSdk(): void {
  if (provided) return;
  provided = true;
  const sdk = new URL('./defineTask.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'carillon' ? { url: sdk, shortCircuit: true } : next(specifier, context),
  });
}
let provided = false;
