{
  webPorts = {
    min = 8080;
    max = 8180;
  };
}
