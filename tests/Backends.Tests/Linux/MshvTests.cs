using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// Against stand-ins that record calls and answer as the kernel's drivers do. No kernel and no hypervisor.
[SupportedOSPlatform("linux")]
public sealed class MshvTests : IDisposable
{
    private readonly StandInSint _device = new();
    private readonly MshvSint _sint;

    public MshvTests() => _sint = new MshvSint(_device);

    public void Dispose() => _sint.Dispose();

    [Fact]
    public void A_channel_in_low_latency_makes_a_hypercall_a_signal_though_it_has_a_monitor()
    {
        using MappedMemory page = MappedMemory.MapAnonymous(4096);
        MonitorPageView monitor = new(page.Address);
        ISignalPath path = _sint.CreateSignalPath(0x2005, 3, SignalCapabilities.Monitor | SignalCapabilities.LatencyHint);
        ChannelSignaler signaler = new(new SignalBinding { ChildRelid = 5, Path = path, MonitorPage = monitor, MonitorId = 40 });

        signaler.Signal(Urgency.Normal);
        Assert.Equal((0, 1u << 8), (_device.Calls.Count, monitor.Pending(1)));

        signaler.Mode = SignalMode.LowLatency;
        Assert.Equal(EffectiveSignal.Hypercall, signaler.EffectiveMode);
        signaler.Signal(Urgency.Normal);
        Assert.Equal(["signal 2005 3"], _device.Calls);
        Assert.Equal(SignalCapabilities.Hypercall, _sint.CreateSignalPath(1).Capabilities);
    }

    [Theory]
    [InlineData(Errno.None, HypercallStatus.Success)]
    [InlineData(Errno.InvalidArgument, HypercallStatus.InvalidConnectionId)]
    [InlineData(Errno.OutOfMemory, HypercallStatus.InsufficientMemory)]
    [InlineData(Errno.AccessDenied, HypercallStatus.AccessDenied)]
    [InlineData(Errno.InputOutput, HypercallStatus.OperationDenied)]
    [InlineData(Errno.NotSupported, HypercallStatus.InvalidHypercallCode)]
    internal void What_the_kernel_made_of_a_signals_status_is_a_status_again(Errno errno, HypercallStatus status)
    {
        _device.Error = errno;
        Assert.Equal(status, _sint.SignalEvent(7));
        Assert.Equal(status, _sint.CreateSignalPath(7).Signal());
    }

    [Fact]
    public void A_signal_of_which_no_hypercall_came_is_an_error_and_on_a_path_a_failure()
    {
        _device.Error = Errno.NoSuchControl;
        Assert.Equal(Errno.NoSuchControl, Assert.Throws<ErrnoException>(() => _sint.SignalEvent(7)).Errno);
        Assert.Equal(HypercallStatus.OperationDenied, _sint.CreateSignalPath(7).Signal());
    }

    [Fact]
    public void A_message_is_posted_as_it_is_and_its_status_comes_back()
    {
        Assert.Equal(HypercallStatus.Success, _sint.PostMessage(4, SynicMessageType.Channel, [1, 2, 3]));
        Assert.Equal(["post 4 1 010203"], _device.Calls);
        _device.Result = (int)HypercallStatus.InsufficientBuffers;
        Assert.Equal(HypercallStatus.InsufficientBuffers, _sint.PostMessage(4, SynicMessageType.Channel, new byte[MshvSint.MaxPayload]));
        Assert.Throws<ArgumentException>(() => _sint.PostMessage(4, SynicMessageType.Channel, new byte[MshvSint.MaxPayload + 1]));
        _device.Error = Errno.BadAddress;
        Assert.Equal(Errno.BadAddress, Assert.Throws<ErrnoException>(() => _sint.PostMessage(4, SynicMessageType.Channel, [])).Errno);
    }

    [Fact]
    public void An_event_flag_is_given_an_event_and_loses_it()
    {
        using EventFd signal = EventFd.Create();
        _sint.ConnectEvent(2047, signal);
        _sint.ConnectEvent(2047, null);
        Assert.Equal([$"event 2047 {signal.Descriptor}", "event 2047 -1"], _device.Calls);
        _device.Error = Errno.InvalidArgument;
        Assert.Contains("2048", Assert.Throws<ErrnoException>(() => _sint.ConnectEvent(2048, signal)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_are_read_one_by_one_and_a_paused_stream_says_so()
    {
        Assert.Equal(MshvMessageRead.Paused, _sint.ReadMessage(out _));
        Assert.True(_sint.WaitForMessage(Patience.Limit));
        _sint.PauseMessages(false);
        Assert.Equal(MshvMessageRead.Empty, _sint.ReadMessage(out _));
        Assert.False(_sint.WaitForMessage(TimeSpan.Zero));

        _device.Receive(0x1, [8, 0, 0, 0]);
        Assert.True(_sint.WaitForMessage(Patience.Limit));
        Assert.Equal(MshvMessageRead.Message, _sint.ReadMessage(out SynicMessage message));
        Assert.Equal((SynicMessageType.Channel, 4, 8ul), (message.Header.MessageType, message.Header.PayloadSize, message.Payload[0]));
        Assert.Equal(MshvMessageRead.Empty, _sint.ReadMessage(out _));

        _sint.PauseMessages(true);
        Assert.Equal(MshvMessageRead.Paused, _sint.ReadMessage(out _));
        _device.ShortRead = 100;
        Assert.Throws<InvalidDataException>(() => _sint.ReadMessage(out _));
        _device.Error = Errno.InputOutput;
        Assert.Throws<ErrnoException>(() => _sint.ReadMessage(out _));
        Assert.Throws<ErrnoException>(() => _sint.PauseMessages(false));
    }

    [Fact]
    public void A_device_that_is_not_there_says_where_it_would_be()
    {
        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => MshvSint.Open("/dev/no/mshv_sint"));
        Assert.Equal(LinuxGuestError.NoModule, error.Error);
        Assert.Contains("VTL 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_such_device_makes_no_hypercall()
    {
        string path = Path.GetTempFileName();
        using (MshvSint sint = MshvSint.Open(path))
        {
            Assert.Equal(Errno.NoSuchControl, Assert.Throws<ErrnoException>(() => sint.SignalEvent(1)).Errno);
            Assert.Equal(Errno.NoSuchControl, Assert.Throws<ErrnoException>(() => sint.PostMessage(1, SynicMessageType.Channel, [1])).Errno);
            Assert.Throws<ErrnoException>(() => sint.ConnectEvent(1, null));
            Assert.Throws<ErrnoException>(() => sint.PauseMessages(true));
            Assert.Equal(MshvMessageRead.Paused, sint.ReadMessage(out _));
        }
        using (MshvPartition partition = new(DeviceFile.Open(path)))
            Assert.Equal(Errno.NoSuchControl, Assert.Throws<ErrnoException>(() => partition.SignalEvent(0, 2, 1, out _)).Errno);
        File.Delete(path);
    }

    [Fact]
    public void A_partition_is_signalled_with_the_direct_call_and_tells_whether_the_flag_was_clear()
    {
        List<(ushort Code, byte[] Input, int Output)> calls = [];
        (Errno Error, ushort Status, byte Output) answer = (Errno.None, 0, 1);
        using MshvPartition partition = new(Call);

        Assert.Equal((HypercallStatus.Success, true), (partition.SignalEvent(3, 2, 0x123, out bool newly, vtl: 1), newly));
        (ushort code, byte[] input, int outputSize) = Assert.Single(calls);
        Assert.Equal((0xC0, 16, 8), (code, input.Length, outputSize));
        Assert.Equal((3u, (byte)1, (byte)2, (ushort)0x123),
            (BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(8)), input[12], input[13], BinaryPrimitives.ReadUInt16LittleEndian(input.AsSpan(14))));

        answer = (Errno.None, 0, 0);
        Assert.Equal((HypercallStatus.Success, false), (partition.SignalEvent(3, 2, 0x123, out newly), newly));
        answer = (Errno.InputOutput, (ushort)HypercallStatus.InvalidSynicState, 1);
        Assert.Equal((HypercallStatus.InvalidSynicState, false), (partition.SignalEvent(3, 2, 0x123, out newly), newly));
        answer = (Errno.OperationNotPermitted, 0, 0);
        Assert.Equal(Errno.OperationNotPermitted, Assert.Throws<ErrnoException>(() => partition.SignalEvent(3, 2, 1, out _)).Errno);

        answer = (Errno.None, 0, 0);
        SynicMessage message = new() { Header = { MessageType = SynicMessageType.Channel, PayloadSize = 8 } };
        message.Payload[0] = 0x1122334455667788;
        Assert.Equal(HypercallStatus.Success, partition.PostMessage(1, 7, message));
        (code, input, outputSize) = calls[^1];
        Assert.Equal((0xC1, 280, 0), (code, input.Length, outputSize));
        Assert.Equal((1u, 7u, 1u, 0x1122334455667788ul),
            (BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(8)), BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(16)),
            BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(20)), BinaryPrimitives.ReadUInt64LittleEndian(input.AsSpan(36))));

        Errno Call(ushort code, ReadOnlySpan<byte> input, Span<byte> output, out ushort status)
        {
            calls.Add((code, input.ToArray(), output.Length));
            if (!output.IsEmpty)
                output[0] = answer.Output;
            status = answer.Status;
            return answer.Error;
        }
    }

    private sealed class StandInSint : IMshvSintFile
    {
        private readonly EventFd _readable = EventFd.Create();
        private readonly Queue<byte[]> _messages = [];
        private bool _paused = true;

        public StandInSint() => _readable.Signal();

        public List<string> Calls { get; } = [];

        public Errno Error { get; set; }

        public int Result { get; set; }

        public int ShortRead { get; set; }

        public int Descriptor => _readable.Descriptor;

        public Errno SignalEvent(uint connectionId, uint flag, out int result) => Answer($"signal {connectionId:x} {flag}", out result);

        public Errno PostMessage(uint connectionId, ulong messageType, ReadOnlySpan<byte> payload, out int result)
            => Answer($"post {connectionId} {messageType} {Convert.ToHexString(payload)}", out result);

        public Errno SetEventFd(uint flag, EventFd? signal) => Answer($"event {flag} {signal?.Descriptor ?? -1}", out _);

        public Errno PauseMessages(bool paused)
        {
            if (Error != Errno.None)
                return Error;
            _paused = paused;
            ShowReadable();
            return Errno.None;
        }

        public Errno Read(Span<byte> message, out int length)
        {
            length = ShortRead;
            if (Error != Errno.None || ShortRead != 0)
                return Error;
            if (_messages.TryDequeue(out byte[]? next))
            {
                next.CopyTo(message);
                length = next.Length;
                ShowReadable();
                return Errno.None;
            }
            return _paused ? Errno.None : Errno.TryAgain;
        }

        public void Receive(uint type, byte[] payload)
        {
            byte[] message = new byte[SynicMessage.Size];
            BinaryPrimitives.WriteUInt32LittleEndian(message, type);
            message[4] = (byte)payload.Length;
            payload.CopyTo(message.AsSpan(16));
            _messages.Enqueue(message);
            ShowReadable();
        }

        public void Dispose() => _readable.Dispose();

        private Errno Answer(string call, out int result)
        {
            Calls.Add(call);
            result = Result;
            return Error;
        }

        private void ShowReadable()
        {
            _readable.TryConsume(out _);
            if (_paused || _messages.Count > 0)
                _readable.Signal();
        }
    }
}
