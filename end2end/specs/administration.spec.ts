import { defineAdministrationTest } from '../support/administration.ts';
import { test } from '../support/test.ts';

test.use({ siteOf: 'administration', javaScriptEnabled: true });

defineAdministrationTest();
