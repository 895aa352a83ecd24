// Four ways to run: under afl-fuzz (run.sh), over files (to replay a corpus or a finding), to instrument the library for
// the first, and as a real host with a hostile peer, for as long as it is told.
//
//   VmBus.Fuzz TARGET                           under afl-fuzz: input on stdin
//   VmBus.Fuzz TARGET FILE|DIR...               replays inputs, one by one; exit code 1 names those that fail
//   VmBus.Fuzz instrument ASSEMBLY              makes an assembly report its coverage, in place
//   VmBus.Fuzz seeds DIR                        writes the seed corpus again
//   VmBus.Fuzz hostile guest|process [--seconds N]   a host, a peer that does its worst, and one that must be served
//
// TARGET is the name of a folder of the corpus.

using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using SharpFuzz;
using VmBus.Fuzz;

[assembly: SupportedOSPlatform("linux")]

switch (args)
{
    case ["instrument", var assembly]:
        Console.WriteLine($"{Fuzzer.Instrument(assembly, _ => true, Options.Value).Count()} types instrumented in {assembly}.");
        return 0;
    case ["seeds", var directory]:
        Seeds.Write(directory);
        return 0;
    case ["hostile", .. var arguments]:
        return await VmBus.Fuzz.Hostile.HostileCommand.RunAsync(arguments);
    case [var target]:
        return Fuzz(target);
    case [var target, .. var inputs]:
        return Replay(target, inputs);
    default:
        Console.Error.WriteLine($"usage: VmBus.Fuzz {string.Join('|', FuzzTarget.Names)} [FILE|DIR...]");
        Console.Error.WriteLine($"       VmBus.Fuzz {VmBus.Fuzz.Hostile.HostileCommand.Usage}");
        return 2;
}

// Not inlined: Main must not load the library, or it could not be instrumented.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Fuzz(string target)
{
    byte[] buffer = new byte[1 << 20];
    Action<ReadOnlySpan<byte>> run = FuzzTarget.ByName(target);
    Fuzzer.OutOfProcess.Run(stream =>
    {
        int length = 0;
        for (int got; length < buffer.Length && (got = stream.Read(buffer, length, buffer.Length - length)) > 0;)
            length += got;
        run(buffer.AsSpan(0, length));
    });
    return 0;
}

[MethodImpl(MethodImplOptions.NoInlining)]
static int Replay(string target, string[] inputs)
{
    Action<ReadOnlySpan<byte>> run = FuzzTarget.ByName(target);
    int failed = 0;
    int ran = 0;
    foreach (string file in inputs.SelectMany(input => Directory.Exists(input) ? Directory.GetFiles(input) : [input]))
    {
        try
        {
            ran++;
            run(File.ReadAllBytes(file));
        }
        catch (Exception finding)
        {
            failed++;
            Console.WriteLine($"{file}: {finding}");
        }
    }

    Console.WriteLine($"{ran - failed} of {ran} inputs pass.");
    return failed == 0 ? 0 : 1;
}
