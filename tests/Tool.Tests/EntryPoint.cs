// The test program, and, when started again by a test with --as-vmbus, the vmbus command over engines made for tests.

using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests;

internal static class EntryPoint
{
    public const string AsVmBus = "--as-vmbus";

    public static async Task<int> Main(string[] args)
    {
        if (args is [AsVmBus, string scenario, .. string[] rest])
            return await Product.RunAsync(rest, FakeEngines.For(scenario, Console.Error));
        if (args is ["--draw-timeline", string file])
            await File.WriteAllBytesAsync(file, FakeTimeline.Render());
        if (args.Any(arg => arg is "-automated" or "@@"))
            return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
        return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
    }
}
