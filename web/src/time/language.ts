// A browser under the C locale says "en-US@posix", which Intl refuses: uPlot, which formats in the browser's language, would not even load.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
}

export {};
