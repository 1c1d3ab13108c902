import './time/language.ts';
import '@mantine/core/styles.css';
import './page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './shell/App.tsx';

createRoot(document.querySelector('#page') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
