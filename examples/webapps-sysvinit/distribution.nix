# Which service is on which machines.
{ infrastructure }:

{
  webapp = [ infrastructure.test1 ];
  nginxReverseProxy = [ infrastructure.test2 ];
}
