using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using VmBus.Peers;

namespace VmBus.Compare;

/// <summary>Who takes part on this machine.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Contenders
{
    private readonly NativeLoops? _loops;
    private readonly DpdkLibrary? _dpdk;
    private readonly Func<Case, byte[], PeerTrust, IContender>? _before;
    private readonly Dictionary<string, PeerLibrary> _peers = new(StringComparer.Ordinal);

    /// <summary>Looks who is there.</summary>
    /// <param name="missing">Told who is not, and why.</param>
    /// <param name="before">The folder of another build; <see langword="null"/> for none.</param>
    /// <param name="peers">Libraries that take part.</param>
    /// <exception cref="FormatException">There is no such build or library, or this one cannot load it, or a name is taken.</exception>
    public Contenders(Action<string> missing, string? before, IEnumerable<string> peers)
    {
        foreach (PeerLibrary peer in peers.Select(PeerLibrary.Load))
        {
            if (Names.All.Contains(peer.Name) || !_peers.TryAdd(peer.Name, peer))
                throw new FormatException($"--peer: another contender is called {peer.Name}.");
        }

        if (before is not null)
            _before = Load(before);
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
        if (@case.IsPipe)
        {
            yield return Names.OursCopied;
            yield return Names.Pipelines;
            yield return Names.Socket;
            yield break;
        }

        if (_before is not null)
            yield return Names.Before;
        yield return Names.OursCopied;
        if (_before is not null)
            yield return Names.BeforeCopied;
        if (_loops is not null)
            yield return Names.Floor;
        if (_dpdk is not null)
            yield return Names.Dpdk;
        foreach (string peer in _peers.Keys)
            yield return peer;
        yield return Names.Channel;
    }

    /// <summary>Sets one up.</summary>
    public IContender Create(string name, Case @case, byte[] payload) => name switch
    {
        Names.Ours when @case.IsPipe => new OurPipeContender(@case, payload, PeerTrust.Trusted),
        Names.OursCopied when @case.IsPipe => new OurPipeContender(@case, payload, PeerTrust.Untrusted),
        Names.Pipelines => new PipelinesContender(@case, payload),
        Names.Socket => new SocketContender(@case, payload),
        Names.Ours => new OurContender(@case, payload, PeerTrust.Trusted),
        Names.OursCopied => new OurContender(@case, payload, PeerTrust.Untrusted),
        Names.Before => _before!(@case, payload, PeerTrust.Trusted),
        Names.BeforeCopied => _before!(@case, payload, PeerTrust.Untrusted),
        Names.Floor => new FloorContender(@case, _loops!, payload),
        Names.Dpdk => new DpdkContender(@case, _loops!, _dpdk!, payload),
        Names.Channel => new ChannelContender(@case, payload),
        _ when _peers.TryGetValue(name, out PeerLibrary? peer) => new PeerContender(@case, peer, payload),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such contender."),
    };

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Refused where there is no JIT, and only then is the program trimmed.")]
    private static Func<Case, byte[], PeerTrust, IContender> Load(string folder) => RuntimeFeature.IsDynamicCodeSupported
        ? new OtherBuild(folder).Create
        : throw new FormatException("--before wants the JIT: this program is compiled by NativeAOT.");
}
