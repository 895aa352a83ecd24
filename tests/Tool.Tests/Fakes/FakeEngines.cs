using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>The engines a test asks for by name.</summary>
internal static class FakeEngines
{
    /// <summary>The switch works.</summary>
    public const string Good = "good";

    /// <summary>The switch changes nothing, and copies are spoilt.</summary>
    public const string Bad = "bad";

    /// <summary>As <see cref="Good"/>, but each cell takes its time.</summary>
    public const string Slow = "slow";

    /// <summary>Never ends and does not listen when asked to.</summary>
    public const string Deaf = "deaf";

    /// <summary>A defect: an exception nobody meant.</summary>
    public const string Defect = "defect";

    /// <summary>A defect on a thread of the engine's own, where nobody can catch it.</summary>
    public const string ThreadDefect = "thread-defect";

    /// <summary>The peer goes away.</summary>
    public const string Disconnected = "disconnected";

    /// <summary>What <see cref="Slow"/> and <see cref="Deaf"/> write when they have begun, where a test listens.</summary>
    public const string Running = "running";

    public static Engines For(string scenario, TextWriter? listener = null) => new()
    {
        Latency = (_, _) => scenario switch
        {
            Good => new FakeLatencyEngine(works: true),
            Bad => new FakeLatencyEngine(works: false),
            _ => new TroubledEngine(scenario, listener),
        },
        Copy = _ => scenario switch
        {
            Good => new FakeCopyEngine(spoils: false),
            Bad => new FakeCopyEngine(spoils: true),
            _ => new TroubledEngine(scenario, listener),
        },
    };

    /// <summary>Engines of a command that runs no traffic of its own but meets a kernel.</summary>
    public static Engines Over(VmBusSysfs sysfs, string proc) => new()
    {
        Latency = (_, _) => new FakeLatencyEngine(works: true),
        Copy = _ => new FakeCopyEngine(spoils: false),
        Sysfs = _ => sysfs,
        Proc = proc,
    };

    /// <summary>The same under another clock.</summary>
    public static Engines With(this Engines engines, TimeProvider clock) => new() { Latency = engines.Latency, Copy = engines.Copy, Clock = clock };

    /// <summary>The same over a kernel's pairs.</summary>
    [SupportedOSPlatform("linux")]
    public static Engines With(this Engines engines, Func<IKvpStore, string, KvpDaemon> open) => new() { Latency = engines.Latency, Copy = engines.Copy, KvpDaemon = open };

    /// <summary>The same over a kernel's snapshots.</summary>
    [SupportedOSPlatform("linux")]
    public static Engines With(this Engines engines, IVolumeFreezer freezer, Func<IVolumeFreezer, string, VssDaemon> open) =>
        new() { Latency = engines.Latency, Copy = engines.Copy, VolumeFreezer = () => freezer, VssDaemon = open };

    private sealed class TroubledEngine(string scenario, TextWriter? listener) : ILatencyEngine, ICopyEngine
    {
        public LatencyCell Run(SignalMode mode, LoadKind load, LatencyOptions options, IProgress<LatencyProgress> progress, CancellationToken cancellationToken)
        {
            if (scenario is Slow or Deaf)
                listener?.WriteLine(Running);
            if (scenario != Slow)
                throw Trouble();
            const int Steps = 20;
            for (int step = 0; step < Steps; step++)
            {
                progress.Report(new((double)step / Steps, step * 1000));
                cancellationToken.WaitHandle.WaitOne(options.CellTime / Steps);
                cancellationToken.ThrowIfCancellationRequested();
            }

            return new FakeLatencyEngine(works: true).Run(mode, load, options, progress, cancellationToken);
        }

        public void Warm(SignalMode mode, CopyOptions options, CancellationToken cancellationToken)
        {
        }

        public CopyResult Run(SignalMode mode, CopyOptions options, IProgress<long> progress, CancellationToken cancellationToken) => throw Trouble();

        private Exception Trouble()
        {
            switch (scenario)
            {
                case Deaf:
                    new ManualResetEventSlim().Wait();
                    break;
                case ThreadDefect:
                    Thread thread = new(() => throw new InvalidOperationException("A defect on a thread."));
                    thread.Start();
                    new ManualResetEventSlim().Wait();
                    break;
                case Disconnected:
                    return new PeerDisconnectedException("The host process (channel 7) ended.");
            }

            return new InvalidOperationException("A defect\nover two lines.");
        }
    }
}
