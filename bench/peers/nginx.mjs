import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cores, isInstalled } from '../tools.mjs';
import { ALLOWED_ORIGIN, SERVICE_PATH, SESSION_COOKIE, SESSION_HEADER, TTL_SECONDS } from '../workload.mjs';

/** nginx with one worker; no log of requests, which cachegate and the others do not write either. */
export const nginx = {
  name: 'nginx: `limit_req`, cached `auth_request`, `proxy_cache`',
  usesStore: false,
  missing: () => (isInstalled('nginx') ? null : 'not installed'),
  async start({ processes, upstreams, directory, port }) {
    const prefix = join(directory, 'nginx');
    await mkdir(prefix);
    const file = join(prefix, 'nginx.conf');
    await writeFile(file, configuration({ ...upstreams, prefix, port }));
    const args = ['-p', prefix, '-c', file, '-e', 'stderr'];
    return processes.serve({ name: 'nginx', command: 'nginx', args, core: cores.server, port });
  },
};

function configuration({ originUrl, authorityUrl, prefix, port }) {
  const session = `$http_${SESSION_HEADER.toLowerCase().replaceAll('-', '_')}`;
  // `user` matters only when root starts it: nobody could not enter the directory.
  return `
user root;
daemon off;
worker_processes 1;
pid ${prefix}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  map_hash_bucket_size 128;
  open_file_cache max=1000;
  open_file_cache_valid 1h;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  proxy_cache_path ${prefix}/sessions keys_zone=sessions:10m inactive=24h;
  proxy_cache_path ${prefix}/responses keys_zone=responses:10m inactive=24h;
  limit_req_zone ${session} zone=rates:10m rate=1000000r/s;
  limit_req_status 429;
  map $http_origin $allowed_origin { default ''; '${ALLOWED_ORIGIN}' $http_origin; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location ${SERVICE_PATH}/ {
      if ($allowed_origin = '') { return 403; }
      limit_req zone=rates burst=1000000 nodelay;
      auth_request /authority;
      add_header Access-Control-Allow-Origin $allowed_origin;
      add_header Vary Origin;
      proxy_cache responses;
      proxy_cache_key $request_method$request_uri;
      proxy_pass ${originUrl}/;
    }
    location = /authority {
      internal;
      proxy_cache sessions;
      proxy_cache_key ${session};
      proxy_cache_valid 200 ${TTL_SECONDS}s;
      proxy_ignore_headers Cache-Control Expires;
      proxy_pass_request_headers off;
      proxy_set_header Cookie ${SESSION_COOKIE}=${session};
      proxy_pass_request_body off;
      proxy_set_header Content-Length '';
      proxy_pass ${authorityUrl}/;
    }
  }
}
`;
}
