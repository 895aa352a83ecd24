// How far an adapter and its guest are with each other, beyond one service of its channel: a saved bus goes on with it.

namespace VmBus.Devices;

/// <summary>What an adapter and its guest have agreed on.</summary>
/// <param name="rndis">What the guest has set.</param>
internal sealed class NetworkState(RndisProtocol rndis)
{
    private volatile ReceiveBuffer? _receive;

    /// <summary>The channel's protocol. The transmitting thread's.</summary>
    public NvspProtocol Nvsp { get; } = new();

    /// <summary>The adapter's.</summary>
    public RndisProtocol Rndis { get; } = rndis;

    /// <summary>Where frames for the guest go; <see langword="null"/> while it has given nothing.</summary>
    public ReceiveBuffer? Receive
    {
        get => _receive;
        set => _receive = value;
    }

    /// <summary>Where the guest puts short packets: the buffer's handle and how many sections it has. The transmitting thread's.</summary>
    public (uint Gpadl, int Sections)? Send { get; set; }

    /// <summary>Completions that the guest could not be given before the bus was saved.</summary>
    public List<(ulong TransactionId, byte[] Answer)> Untold { get; } = [];
}
