// @ts-check
import {
  STORE_ERROR_RATIO,
  STORE_ERROR_STEPS,
  STORE_STATE_STEPS,
  STORE_STATES,
  storeState,
} from './overview.mjs';
import { HERE, onTheRight, rate, textsOf, timeline, timeseries } from './panel.mjs';

export const store = {
  title: 'Store',
  panels: [
    timeline({
      title: 'State of the store',
      description: 'As each instance sees it.',
      ...{ unit: 'none', steps: STORE_STATE_STEPS, mappings: STORE_STATES },
      queries: [[storeState('instance'), '{{instance}}']],
    }),
    timeseries({
      title: 'Calls of the store',
      description:
        'By operation, those that failed included. Reads that copies in the process have answered are none.',
      ...{ unit: 'ops', stack: true },
      queries: [[`sum by (operation) (${rate('cachegate_store_operations_total')}) > 0`, '{{operation}}']],
    }),
    timeseries({
      title: 'Store error rate',
      description: 'Calls that failed, of all calls. Dashed: 5 %, above which there is an alert.',
      ...{ unit: 'percentunit', steps: STORE_ERROR_STEPS },
      queries: [[STORE_ERROR_RATIO, 'errors']],
    }),
    timeseries({
      title: 'Store errors',
      description:
        'timeout: no answer in time; failure: an error, or no connection; refused: not made, since the store was known to be away.',
      ...{ unit: 'ops', stack: true },
      queries: [[`sum by (reason) (${rate('cachegate_store_errors_total')})`, '{{reason}}']],
    }),
    timeseries({
      title: 'Copies in the process',
      description:
        'Copies of stored values in the memory of processes (left: bytes, right: how many, and how many had to go).',
      unit: 'bytes',
      overrides: [onTheRight('B', 'short'), onTheRight('C', 'ops')],
      queries: [
        [`sum(cachegate_near_cache_bytes{${HERE}})`, 'size'],
        [`sum(cachegate_near_cache_entries{${HERE}})`, 'copies'],
        [`sum(${rate('cachegate_near_cache_evictions_total')})`, 'evictions a second'],
      ],
    }),
    timeline({
      title: 'Changes by others',
      description: 'Whether an instance hears of what others change; while it does not it keeps no copies.',
      unit: 'none',
      steps: [
        ['orange', null],
        ['green', 1],
      ],
      mappings: textsOf({ 0: ['not heard', 'orange'], 1: ['heard', 'green'] }),
      queries: [[`min by (instance) (cachegate_store_tracking{${HERE}})`, '{{instance}}']],
    }),
  ],
};
