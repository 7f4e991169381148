# Which service is on which machines.
{ infrastructure }:

{
  webapp = [ infrastructure.test1 ];
  nginx = [ infrastructure.test2 ];
}
