// The test program, and, when started again by a test with --list-code, a process that writes down its own machine code.

namespace VmBus.MachineCode.Tests;

internal static class EntryPoint
{
    public const string ListCode = "--list-code";

    public static async Task<int> Main(string[] args)
    {
        if (args is [ListCode, string file])
            return JitListing.Write(file);
        if (args.Any(arg => arg is "-automated" or "@@"))
            return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
    }
}
