Console.WriteLine("hello from L2");
foreach (string line in File.ReadLines("/proc/version"))
    Console.WriteLine(line);
Console.WriteLine("@result passed");
