using VmBus.Protocol;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>Holds a bus on its loop, in the midst of what it does, until a test lets it go on.</summary>
internal sealed class BlockingObserver(ManualResetEventSlim goOn) : IMessageObserver
{
    private volatile bool _isBlocking;
    private volatile bool _isHolding;

    public bool IsBlocking
    {
        get => _isBlocking;
        set => _isBlocking = value;
    }

    public bool IsHolding => _isHolding;

    public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        if (!_isBlocking)
            return;
        _isHolding = true;
        goOn.Wait(Patience.Limit);
    }
}
