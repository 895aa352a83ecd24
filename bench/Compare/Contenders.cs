using System.Runtime.Versioning;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>Who takes part on this machine.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Contenders
{
    private readonly NativeLoops? _loops;
    private readonly DpdkLibrary? _dpdk;

    /// <summary>Looks who is there.</summary>
    /// <param name="missing">Told who is not, and why.</param>
    public Contenders(Action<string> missing)
    {
        if (!NativeLoops.TryBuild(out _loops, out string whyNot))
            missing($"Left out: the floor and DPDK. {whyNot}");
        else if (!DpdkLibrary.TryLoad(out _dpdk, out whyNot))
            missing($"Left out: DPDK. {whyNot}");
    }

    /// <summary>How the C loops were compiled; empty when they were not.</summary>
    public string Compiler => _loops?.Compiler ?? "";

    /// <summary>The DPDK library's file; empty when there is none.</summary>
    public string DpdkPath => _dpdk?.Path ?? "";

    /// <summary>Who takes part in a case.</summary>
    public IEnumerable<string> NamesFor(Case @case)
    {
        yield return Names.Ours;
        if (!@case.HasTwoThreads)
            yield return Names.OursCopied;
        if (_loops is not null)
            yield return Names.Floor;
        if (_dpdk is not null)
            yield return Names.Dpdk;
        yield return Names.Channel;
    }

    /// <summary>Sets one up.</summary>
    public IContender Create(string name, Case @case, byte[] payload) => name switch
    {
        Names.Ours => new OurContender(@case, payload, PeerTrust.Trusted),
        Names.OursCopied => new OurContender(@case, payload, PeerTrust.Untrusted),
        Names.Floor => new FloorContender(@case, _loops!, payload),
        Names.Dpdk => new DpdkContender(@case, _loops!, _dpdk!, payload),
        Names.Channel => new ChannelContender(@case, payload),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such contender."),
    };
}
