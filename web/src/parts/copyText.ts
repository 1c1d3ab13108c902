/** Puts a text on the clipboard, also where the page is not served over HTTPS. @returns whether it is there */
export async function copyText(text: string): Promise<boolean> {
  // Browsers keep the clipboard from pages without HTTPS, other than those of this computer.
  if (window.isSecureContext) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
