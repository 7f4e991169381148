# The configuration of an nginx that chooses the web application by the host
# name of the request.
#
# Everything that nginx writes has its place here: nothing is left to the paths
# that were compiled in, which only root may use.
{ lib, writeTextFile }:

{ port
, pidFile
, logDir
, cacheDir
, webapps             # processes on this machine, with dnsName and port
, interDependencies   # processes that Disnix put elsewhere, also with target.properties.hostname
, workerConnections
, user                # of the workers, with a group of that name; null: the user who starts nginx
}:

let
  # A path may contain blanks.
  quote = text: "\"${lib.escape [ "\\" "\"" ] text}\"";

  # Of the error page only the store path may count, not the folder's name.
  errorPage = builtins.path { path = ./errorpage; name = "errorpage"; };

  server = host: webapp: ''

    server {
      listen ${toString port};
      server_name ${webapp.dnsName};

      location / {
        proxy_pass http://${host}:${toString webapp.port};
        proxy_set_header Host $host;
      }
    }
  '';
in
writeTextFile {
  name = "nginx.conf";
  text = ''
    pid ${quote pidFile};
    error_log ${quote "${logDir}/error.log"};
    ${lib.optionalString (user != null) "user ${user} ${user};"}

    events {
      worker_connections ${toString workerConnections};
    }

    http {
    access_log ${quote "${logDir}/access.log"};
    client_body_temp_path ${quote "${cacheDir}/client_body"};
    proxy_temp_path ${quote "${cacheDir}/proxy"};
    fastcgi_temp_path ${quote "${cacheDir}/fastcgi"};
    uwsgi_temp_path ${quote "${cacheDir}/uwsgi"};
    scgi_temp_path ${quote "${cacheDir}/scgi"};
    types { text/html html; }

    # A name that no web application has, perhaps because it is not deployed at
    # the moment, must not end up at some other application.
    server {
      listen ${toString port} default_server;
      server_name _;
      root ${errorPage};
      error_page 404 /index.html;
    }
    ${lib.concatMapStrings (server "127.0.0.1") webapps}
    ${lib.concatMapStrings (dependency: server dependency.target.properties.hostname dependency) (builtins.attrValues interDependencies)}
    }
  '';
}
