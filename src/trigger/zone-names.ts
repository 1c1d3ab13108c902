import { editDistance } from './near-names.ts';

interface KnownName {
  name: string;
  whole: string;
  city: string;
}

let known: KnownName[] | null = null;

/** Read once: the list belongs to the process, and asking for it takes milliseconds. */
function knownNames(): KnownName[] {
  known ??= ['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => ({
    name,
    whole: name.toLowerCase(),
    city: cityOf(name.toLowerCase()),
  }));
  return known;
}

const cityOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** At most three zone names that `text` may have meant, the likeliest first. */
export function nearZoneNames(text: string): string[] {
  if (text.length < 3 || text.length > 40) return [];
  const wanted = text.toLowerCase().replaceAll(' ', '_');
  const wantedCity = cityOf(wanted);
  const ranked: { name: string; distance: number }[] = [];
  for (const { name, whole, city } of knownNames()) {
    const most = Math.max(1, Math.floor(city.length / 3));
    // The city counts without its continent too: `Germany/Berlin` means Europe/Berlin.
    const byCity = editDistance(wantedCity, city, most) + (wanted.includes('/') ? 0.5 : 0);
    const distance = Math.min(editDistance(wanted, whole, most), byCity);
    if (distance <= most) ranked.push({ name, distance });
  }
  ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return ranked.slice(0, 3).map((entry) => entry.name);
}
