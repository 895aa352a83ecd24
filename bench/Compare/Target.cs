namespace VmBus.Compare;

/// <summary>A ratio to reach.</summary>
/// <param name="Text">What is wanted.</param>
/// <param name="Other">Against whom.</param>
/// <param name="Limit">The time of <see cref="Contender"/> as a multiple of theirs, at most.</param>
/// <param name="Applies">In which cases.</param>
internal sealed record Target(string Text, string Other, double Limit, Func<Case, bool> Applies)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new("floor, one thread, up to 256 B", Names.Floor, 1.0, c => !c.HasTwoThreads && c.Payload <= 256),
        new("floor, one thread, above 256 B", Names.Floor, 1.1, c => !c.HasTwoThreads && c.Payload > 256),
        new("DPDK, one thread, 16 and 64 B", Names.Dpdk, .35, c => !c.HasTwoThreads && c.Payload <= 64),
        new("DPDK, one thread, 256 B", Names.Dpdk, .5, c => !c.HasTwoThreads && c.Payload == 256),
        new("DPDK, one thread, 1024 B", Names.Dpdk, .75, c => !c.HasTwoThreads && c.Payload == 1024),
        new("DPDK, one thread, 4096 B", Names.Dpdk, .95, c => !c.HasTwoThreads && c.Payload == 4096),
        new("DPDK, two threads, batch, 16 B, 1 MiB (5 times as fast)", Names.Dpdk, .2,
            c => c is { Shape: Shape.AcrossBatch, Payload: 16, RingSize: 1024 * 1024 }),
        new("DPDK, two threads, one a call", Names.Dpdk, 1.0, c => c.Shape == Shape.AcrossOne),
        new("DPDK, ping-pong", Names.Dpdk, 1.0, c => c.Shape == Shape.PingPong),
        new("untrusted against in place, one thread, up to 256 B", Names.Ours, 1.6, c => c is { HasTwoThreads: false, IsPipe: false, Payload: <= 256 }) { Contender = Names.OursCopied },
        new("untrusted against in place, one thread, above 256 B", Names.Ours, 1.4, c => c is { HasTwoThreads: false, IsPipe: false, Payload: > 256 }) { Contender = Names.OursCopied },
        new("the build before, one thread", Names.Before, 1.02, c => !c.HasTwoThreads),
        new("the build before, untrusted, one thread", Names.BeforeCopied, 1.02, c => !c.HasTwoThreads) { Contender = Names.OursCopied },
        new("the build before, two threads", Names.Before, 1.02, c => c.HasTwoThreads),
        new("untrusted against DPDK, one thread", Names.Dpdk, .6, c => !c.HasTwoThreads) { Contender = Names.OursCopied },
        new("floor, ping-pong", Names.Floor, 1.08, c => c.Shape == Shape.PingPong),
        new("System.IO.Pipelines, 256 B a write, untrusted (1.5 times as fast)", Names.Pipelines, .67, c => c is { Shape: Shape.AcrossPipe, Payload: 256 }) { Contender = Names.OursCopied },
        new("Unix socket, up to 256 B a write, untrusted (4 times as fast)", Names.Socket, .25, c => c is { Shape: Shape.AcrossPipe, Payload: <= 256 }) { Contender = Names.OursCopied },
    ];

    /// <summary>Whose time is compared.</summary>
    public string Contender { get; private init; } = Names.Ours;

    /// <summary>Samples that both must have kept for a case to count.</summary>
    public int Kept { get; private init; } = Measured.Fewest;

    /// <summary>The worst ratio of a run, and the case it was seen in; <see langword="null"/> when none was measured.</summary>
    public (double Ratio, Case Case)? Worst(IEnumerable<CaseResult> results)
    {
        (double Ratio, Case Case)[] ratios =
        [
            .. results.Where(result => Applies(result.Case) && result.Kept(Contender) >= Kept && result.Kept(Other) >= Kept)
                .Select(result => (Ratio: result.Ratio(Contender, Other), result.Case))
                .Where(entry => !double.IsNaN(entry.Ratio)),
        ];
        return ratios.Length == 0 ? null : ratios.MaxBy(entry => entry.Ratio);
    }
}
