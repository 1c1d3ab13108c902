import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Relative addresses: the page works below whatever path a proxy serves it from. */
export default defineConfig({
  base: './',
  plugins: [react()],
  // Packages that lie beside the server's must not bring a React of their own.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
});
