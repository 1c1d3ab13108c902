import { defineConfig } from 'prisma/config';

// Prisma's CLI wants to download a migration binary before it does anything. We apply and draft migrations
// in-process (src/store/migrations.ts), so any existing path satisfies it and nothing is downloaded.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

export default defineConfig({ schema: 'prisma/schema.prisma' });
