using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Partitions;

/// <summary>What a guest of a real hypervisor may have in its hypercall page: all of it is hostile, and none of it throws.</summary>
public sealed class GuestHypercallTests : IDisposable
{
    private const ulong Input = 0x1000;
    private const uint Messages = 7, Events = 8;

    private readonly VmBus.Hosting.GuestMemory _memory = new(4 * 4096, shared: false);
    private readonly GuestHypercalls _calls;
    private readonly List<byte[]> _posted = [];
    private int _signalled;

    public GuestHypercallTests()
    {
        _calls = new GuestHypercalls(_memory);
        _calls.Connect(Messages, new GuestConnection(payload =>
        {
            _posted.Add(payload.ToArray());
            return HypercallStatus.Success;
        }, null));
        _calls.Connect(Events, new GuestConnection(null, () => _signalled++));
    }

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(0u, HypercallStatus.Success)]
    [InlineData(240u, HypercallStatus.Success)]
    [InlineData(241u, HypercallStatus.InvalidParameter)]
    [InlineData(uint.MaxValue, HypercallStatus.InvalidParameter)]
    internal void A_message_has_at_most_240_bytes(uint length, HypercallStatus status)
    {
        Assert.Equal(status, Post(new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.Channel, PayloadSize = length }));
        Assert.Equal(status == HypercallStatus.Success ? [(int)length] : [], _posted.Select(payload => payload.Length));
        Assert.Equal(status == HypercallStatus.Success ? 0 : 1, _calls.Refused);
    }

    [Fact]
    public void A_message_that_no_guest_may_send_is_refused()
    {
        Assert.Equal(HypercallStatus.InvalidParameter, Post(new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.None }));
        Assert.Equal(HypercallStatus.InvalidParameter, Post(new PostMessageInput { ConnectionId = Messages, MessageType = (SynicMessageType)0x8000_0010 }));
        Assert.Equal(HypercallStatus.InvalidParameter, Post(new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.Channel, Reserved = 1 }));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Post(new PostMessageInput { ConnectionId = 9, MessageType = SynicMessageType.Channel }));
        Assert.Equal(HypercallStatus.InvalidPortId, Post(new PostMessageInput { ConnectionId = Events, MessageType = SynicMessageType.Channel }));
        Assert.Equal((0, 5L), (_posted.Count, _calls.Refused));
    }

    // The input of a message is 256 bytes, that of a signal 8: both lie in one page.
    [Theory]
    [InlineData(HypercallCode.PostMessage, 0x1F00, HypercallStatus.Success)]
    [InlineData(HypercallCode.PostMessage, 0x1F08, HypercallStatus.InvalidAlignment)]
    [InlineData(HypercallCode.PostMessage, 0x1F04, HypercallStatus.InvalidAlignment)]
    [InlineData(HypercallCode.PostMessage, 0x3F00, HypercallStatus.Success)]
    [InlineData(HypercallCode.PostMessage, 0x4000, HypercallStatus.InvalidHypercallInput)]
    [InlineData(HypercallCode.PostMessage, ~0xFFul, HypercallStatus.InvalidHypercallInput)]
    [InlineData(HypercallCode.SignalEvent, 0x1FF8, HypercallStatus.Success)]
    [InlineData(HypercallCode.SignalEvent, 0x1FFC, HypercallStatus.InvalidAlignment)]
    [InlineData(HypercallCode.SignalEvent, ~0x7ul, HypercallStatus.InvalidHypercallInput)]
    internal void An_input_lies_in_one_page_of_the_guests_memory(HypercallCode code, ulong gpa, HypercallStatus status)
    {
        if (_memory.Contains(gpa, PostMessageInput.Size))
            MemoryMarshal.Write(_memory.Bytes(gpa, PostMessageInput.Size), new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.Channel });
        if (code == HypercallCode.SignalEvent && _memory.Contains(gpa, 8))
            MemoryMarshal.Write(_memory.Bytes(gpa, 8), new SignalEventInput(Events));
        Assert.Equal(status, _calls.Call(new HypercallControl(code), gpa));
        Assert.Equal(status == HypercallStatus.Success ? 1 : 0, _posted.Count + _signalled);
    }

    [Fact]
    public void A_flag_that_is_gone_is_signalled_by_no_monitor()
    {
        var flags = new MonitoredFlags();
        var flag = new CountingFlag(flags);
        uint connection = flag.ConnectMonitor()!.Value;
        Assert.Equal(connection, flag.ConnectMonitor());
        Assert.Equal(HypercallStatus.Success, flags.Signal(connection, 0));
        flag.Dispose();
        flag.Dispose();
        Assert.Equal(HypercallStatus.InvalidConnectionId, flags.Signal(connection, 0));
        Assert.Equal(1, flag.Signals);
    }

    private HypercallStatus Post(PostMessageInput input)
    {
        MemoryMarshal.Write(_memory.Bytes(Input, PostMessageInput.Size), input);
        return _calls.Call(new HypercallControl(HypercallCode.PostMessage), Input);
    }

    private sealed class CountingFlag(MonitoredFlags flags) : MonitoredFlag(flags)
    {
        public int Signals { get; private set; }

        public override HypercallStatus Signal()
        {
            Signals++;
            return HypercallStatus.Success;
        }

        public override void Retarget(uint vp)
        {
        }
    }
}
