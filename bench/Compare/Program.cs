// Ours, DPDK's compiled library, System.Threading.Channels, pipes, sockets, a floor in C, and libraries given with --peer, in one run.
//
//   bench/install-peers.sh
//   dotnet run -c Release --project bench/Compare -- compare --plot compare.png

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Compare;

if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(CompareOptions.Usage);
    return 0;
}

if (!OperatingSystem.IsLinux())
{
    Console.Error.WriteLine("compare maps its rings twice and keeps its threads to cores as Linux does; it runs on Linux only.");
    return 2;
}

try
{
    CompareOptions options = CompareOptions.Parse(args);
    CompareFile? beside = options.BesidePath is { } path ? CompareFile.Read(path) : null;
    CompareFile run = options.AgainPath is { } again ? CompareFile.Read(again) : Measure(options);
    Console.WriteLine(CompareText.Of(run.Results, beside?.Results ?? [], beside?.Runtime.Split(',')[0] ?? ""));
    if (options.JsonPath is { } json)
        run.Write(json);
    if (options.PlotPath is { } plot)
        File.WriteAllBytes(plot, ComparePlot.Of(run.Results, $"{run.Runtime}; {run.Machine}"));
    return 0;
}
catch (Exception wrong) when (wrong is FormatException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

static CompareFile Measure(CompareOptions options)
{
    var contenders = new Contenders(Console.Error.WriteLine, options.BeforePath, options.PeerPaths);
    string runtime = $"{(RuntimeFeature.IsDynamicCodeCompiled ? "JIT" : "NativeAOT")}, {RuntimeInformation.FrameworkDescription}";
    string machine = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "?";
    Console.WriteLine($"{runtime}; {machine}, {Environment.ProcessorCount} cores; {contenders.Compiler}; {contenders.DpdkPath}");
    Console.WriteLine();
    return new CompareFile(runtime, machine, contenders.Compiler, contenders.DpdkPath, new Comparison(contenders, options, Console.Error.WriteLine).Run());
}
