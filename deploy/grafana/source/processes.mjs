// @ts-check
import { HERE, onTheRight, rate, timeseries } from './panel.mjs';

export const processes = {
  title: 'Processes',
  panels: [
    timeseries({
      title: 'Delay of the event loop',
      description: 'By instance, since the scrape before. Dashed: 0.5 s, above which there is an alert.',
      unit: 's',
      steps: [
        ['green', null],
        ['red', 0.5],
      ],
      queries: [
        [`max by (instance) (nodejs_eventloop_lag_p50_seconds{${HERE}})`, '{{instance}}, half'],
        [`max by (instance) (nodejs_eventloop_lag_p99_seconds{${HERE}})`, '{{instance}}, 99 %'],
      ],
    }),
    timeseries({
      title: 'Memory',
      description: 'By instance, all of its processes: what the system gives them, and the heap in use.',
      unit: 'bytes',
      queries: [
        [`sum by (instance) (process_resident_memory_bytes{${HERE}})`, '{{instance}}'],
        [`sum by (instance) (nodejs_heap_size_used_bytes{${HERE}})`, '{{instance}}, heap'],
      ],
    }),
    timeseries({
      title: 'Processor',
      description: 'Cores in use, by instance, all of its processes.',
      unit: 'short',
      queries: [[`sum by (instance) (${rate('process_cpu_seconds_total')})`, '{{instance}}']],
    }),
    timeseries({
      title: 'Garbage collection',
      description: 'Seconds of each second that it took, by kind.',
      unit: 'percentunit',
      queries: [[`sum by (kind) (${rate('nodejs_gc_duration_seconds_sum')})`, '{{kind}}']],
    }),
    timeseries({
      title: 'Open files and connections',
      description: 'File descriptors in use, by instance, and how many there may be (right).',
      unit: 'short',
      overrides: [onTheRight('B', 'short')],
      queries: [
        [`sum by (instance) (process_open_fds{${HERE}})`, '{{instance}}'],
        [`min by (instance) (process_max_fds{${HERE}})`, '{{instance}}, at most'],
      ],
    }),
    timeseries({
      title: 'Versions and starts',
      description:
        'Instances by version, and starts in the last hour: a rollout, or a process that does not stay.',
      unit: 'short',
      overrides: [onTheRight('B', 'short')],
      queries: [
        [`count by (version) (cachegate_build_info{${HERE}})`, '{{version}}'],
        [`sum(resets(process_cpu_seconds_total{${HERE}}[1h]))`, 'starts'],
      ],
    }),
  ],
};
