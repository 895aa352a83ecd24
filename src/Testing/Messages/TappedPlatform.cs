// A guest's platform whose messages go through a tap. All else is the platform behind it.

using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>A guest's platform, tapped. Thread-safe.</summary>
internal sealed class TappedPlatform(IGuestPlatform platform, Func<TestMessage, TestMessage[]> decide) : IGuestPlatform
{
    private HostMessageHandler? _handler;

    // The latest that the guest posted to: where the host listens.
    private uint _connection = MessageConnection.Contact;

    public int VpCount => platform.VpCount;

    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload)
    {
        Volatile.Write(ref _connection, connectionId);
        var message = new TestMessage(MessageDirection.GuestToHost, payload.ToArray());
        HypercallStatus status = HypercallStatus.Success;
        foreach (TestMessage delivered in decide(message))
        {
            HypercallStatus answer = DeliverCore(delivered);
            // The sender learns how its own message fared; what was put in its place may be wrong on purpose.
            if (ReferenceEquals(delivered, message))
                status = answer;
        }
        return status;
    }

    public IDisposable ReceiveMessages(HostMessageHandler handler)
    {
        Volatile.Write(ref _handler, handler);
        IDisposable receiving = platform.ReceiveMessages(payload =>
        {
            foreach (TestMessage delivered in decide(new TestMessage(MessageDirection.HostToGuest, payload.ToArray())))
                DeliverCore(delivered);
        });
        return new Undo(() =>
        {
            Volatile.Write(ref _handler, null);
            receiving.Dispose();
        });
    }

    /// <summary>Gives a message to the end that it is for.</summary>
    /// <returns>Whether that end took it.</returns>
    public bool Deliver(TestMessage message) => DeliverCore(message) == HypercallStatus.Success;

    public IGuestPages AllocatePages(int count) => platform.AllocatePages(count);

    public IGuestRings AllocateRings(int outgoingSize, int incomingSize) => platform.AllocateRings(outgoingSize, incomingSize);

    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames) => platform.TryAdoptPages(pageFrames);

    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset) => platform.TryAdoptRings(pageFrames, downstreamPageOffset);

    public IMappedPage? TryMapHostPage(ulong gpa) => platform.TryMapHostPage(gpa);

    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) => platform.CreateSignalPath(connectionId, isMonitored);

    public ISignalGate CreateGate() => platform.CreateGate();

    public IDisposable RouteEvents(uint flag, ISignalGate gate) => platform.RouteEvents(flag, gate);

    public void ShareEvents(InterruptPageView? page) => platform.ShareEvents(page);

    private HypercallStatus DeliverCore(TestMessage message)
    {
        if (message.Direction == MessageDirection.GuestToHost)
            return platform.PostMessage(Volatile.Read(ref _connection), message.Bytes.Span);
        if (Volatile.Read(ref _handler) is not { } handler)
            return HypercallStatus.InvalidSynicState;
        handler(message.Bytes.Span);
        return HypercallStatus.Success;
    }
}
