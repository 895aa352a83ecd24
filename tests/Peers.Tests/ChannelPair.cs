namespace VmBus.Peers.Tests;

/// <summary>A channel with our code at one end and DPDK's at the other: two rings, two monitor pages.</summary>
internal sealed class ChannelPair : IDisposable
{
    private readonly PeerRing _fromUs;
    private readonly PeerRing _fromDpdk;
    private readonly Doorbell _ours = new();
    private readonly Doorbell _dpdks = new();
    private readonly DpdkEnd _dpdk;

    public ChannelPair(int dataSize, bool doubleMapped, int burst, PeerTrust trust, long fromUs, long fromDpdk)
    {
        DpdkLibrary library = Dpdk.Library;
        _fromUs = new PeerRing(dataSize, doubleMapped);
        _fromDpdk = new PeerRing(dataSize, doubleMapped);
        _dpdk = new DpdkEnd(library, _fromDpdk, _fromUs, _ours, burst);
        var ours = new OurEnd(_fromUs, _fromDpdk, _dpdks, burst, trust);
        var there = new Traffic(1, dataSize - 32);
        var back = new Traffic(2, dataSize - 32);
        Ours = new Conversation(ours, _ours, there, fromUs, back, fromDpdk);
        Dpdks = new Conversation(_dpdk, _dpdks, back, fromDpdk, there, fromUs);
    }

    public Conversation Ours { get; }

    public Conversation Dpdks { get; }

    public string Describe() => $"from us: {_fromUs}; from DPDK: {_fromDpdk}";

    public void Dispose()
    {
        _dpdk.Dispose();
        _fromUs.Dispose();
        _fromDpdk.Dispose();
        _ours.Dispose();
        _dpdks.Dispose();
    }
}
