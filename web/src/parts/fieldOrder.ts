/** What is said about a field stands below it: fields beside each other are in line, however long that is. */
export const ORDER: ('label' | 'input' | 'error' | 'description')[] = ['label', 'input', 'error', 'description'];
