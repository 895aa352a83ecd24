// The test framework, with a watchdog that hears of each test when it starts and when it ends.

using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Xunit.TestFramework(typeof(VmBus.Tests.WatchedFramework))]

namespace VmBus.Tests;

/// <summary>xunit's own framework; the watchdog hears first of what it reports.</summary>
public sealed class WatchedFramework : XunitTestFramework
{
    /// <summary>Without a configuration file.</summary>
    public WatchedFramework()
    {
    }

    /// <summary>With the configuration file that xunit found.</summary>
    public WatchedFramework(string? configFile) : base(configFile)
    {
    }

    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) => new Executor(base.CreateExecutor(assembly));

    private sealed class Executor(ITestFrameworkExecutor inner) : ITestFrameworkExecutor
    {
        public ValueTask RunTestCases(
            IReadOnlyCollection<ITestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions, CancellationToken? cancellationToken)
        {
            // An explicit test that was not asked for would be reported as skipped, as if something were missing here.
            if ((executionOptions.GetExplicitOption() ?? ExplicitOption.Off) == ExplicitOption.Off)
                testCases = [.. testCases.Where(test => !test.Explicit)];
            return inner.RunTestCases(testCases, new Sink(executionMessageSink), executionOptions, cancellationToken);
        }
    }

    private sealed class Sink(IMessageSink next) : IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message)
        {
            switch (message)
            {
                case ITestStarting starting:
                    Watchdog.Started(starting.TestUniqueID, starting.TestDisplayName, TestLimitAttribute.Of(starting.Traits));
                    break;
                case ITestFinished finished:
                    Watchdog.Ended(finished.TestUniqueID);
                    break;
            }

            return next.OnMessage(message);
        }
    }
}
