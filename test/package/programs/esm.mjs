import * as root from 'cachegate';
import * as app from 'cachegate/app';
import * as fetch from 'cachegate/fetch';
import * as functions from 'cachegate/function';
import * as session from 'cachegate/session';
import * as web from 'cachegate/web';
import { useParts } from './parts.mjs';

await useParts({ root, app, session, web, fetch, function: functions });
console.log('used');
