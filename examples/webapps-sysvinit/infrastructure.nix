# Two machines, by the names under which they can be reached.
{
  test1.properties.hostname = "test1";
  test2.properties.hostname = "test2";
}
