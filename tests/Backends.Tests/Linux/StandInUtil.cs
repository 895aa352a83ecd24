// /dev/vmbus/hv_* without a kernel, after the rules of hv_utils_transport.c: one message at a time towards the daemon, read
// whole; writes go to the service, whose errno they answer; a device that is taken away answers EBADF. A service follows
// hv_kvp.c or hv_snapshot.c, with a host behind it.

using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal abstract class StandInUtil : IUtilFile
{
    private readonly EventFd _readable = EventFd.Create();
    private readonly Lock _lock = new();
    private byte[]? _message;
    private Action? _onRead;
    private bool _destroyed;

    /// <summary>What the next reads and writes answer before the rules have their say.</summary>
    public Queue<Errno> ReadFaults { get; } = [];

    public Queue<Errno> WriteFaults { get; } = [];

    /// <summary>Reads that would have waited in the kernel, where no token reaches them.</summary>
    public int WaitingReads { get; private set; }

    public bool IsClosed { get; private set; }

    public int Descriptor => _readable.Descriptor;

    /// <summary>hvutil_transport_destroy.</summary>
    public void Destroy()
    {
        lock (_lock)
        {
            _destroyed = true;
            _readable.Signal();
        }
    }

    /// <summary>hvutil_transport_send, also of what no kernel would say.</summary>
    public void Send(ReadOnlySpan<byte> message, Action? onRead = null)
    {
        lock (_lock)
        {
            Assert.Null(_message);
            _message = message.ToArray();
            _onRead = onRead;
            _readable.Signal();
        }
    }

    public Errno Read(Span<byte> message, out int length)
    {
        Action? onRead;
        lock (_lock)
        {
            length = 0;
            if (ReadFaults.TryDequeue(out Errno fault))
                return fault;
            if (_destroyed)
                return Errno.BadDescriptor;
            if (_message is null)
            {
                WaitingReads++;
                return Errno.TryAgain;
            }
            if (message.Length < _message.Length)
                return Errno.InvalidArgument;
            _message.CopyTo(message);
            length = _message.Length;
            _message = null;
            _readable.TryConsume(out _);
            onRead = _onRead;
            _onRead = null;
        }
        onRead?.Invoke();
        return Errno.None;
    }

    public Errno Write(ReadOnlySpan<byte> message)
    {
        if (WriteFaults.TryDequeue(out Errno fault))
            return fault;
        lock (_lock)
        {
            if (_destroyed)
                return Errno.BadDescriptor;
        }
        return OnMessage(message);
    }

    public void Dispose()
    {
        IsClosed = true;
        _readable.Dispose();
    }

    protected abstract Errno OnMessage(ReadOnlySpan<byte> message);
}

[SupportedOSPlatform("linux")]
internal abstract class StandInUtil<TAnswer> : StandInUtil where TAnswer : class
{
    private TaskCompletionSource<TAnswer>? _asked;
    private volatile bool _ready;

    /// <summary>HVUTIL_READY or more.</summary>
    public bool IsReady => _ready;

    protected void BecomeReady() => _ready = true;

    /// <summary>The host asks and waits.</summary>
    protected TAnswer Ask(ReadOnlySpan<byte> message)
    {
        Assert.True(_ready, "The daemon has not greeted: the kernel would answer for it.");
        TaskCompletionSource<TAnswer> asked = _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Send(message);
        Assert.True(asked.Task.Wait(Patience.Limit), "The daemon does not answer.");
        return asked.Task.Result;
    }

    /// <summary>The answer to what was asked; refused when nothing was, or not any more.</summary>
    protected Errno Complete(TAnswer answer)
    {
        if (Interlocked.Exchange(ref _asked, null) is not { } asked)
            return Errno.InvalidArgument;
        asked.SetResult(answer);
        return Errno.None;
    }
}

[SupportedOSPlatform("linux")]
internal sealed class StandInVssKernel : StandInUtil<StandInVssKernel.Answer>
{
    public uint GreetingAnswer { get; init; } = 129;

    public Answer Ask(IcVssOperation operation)
    {
        byte[] message = new byte[12];
        message[0] = (byte)operation;
        return Ask(message);
    }

    /// <summary>Asks, and waits for no answer.</summary>
    public void Request(IcVssOperation operation)
    {
        byte[] message = new byte[12];
        message[0] = (byte)operation;
        Send(message);
    }

    // vss_on_msg: looks for greetings first, whatever it is.
    protected override Errno OnMessage(ReadOnlySpan<byte> message)
    {
        if (message.Length != 12)
            return Errno.InvalidArgument;
        if (message[0] is 128 or 129)
        {
            if (IsReady)
                return Errno.InvalidArgument;
            Send(BitConverter.GetBytes(GreetingAnswer), BecomeReady);
            return Errno.None;
        }
        return Complete(new Answer((IcStatus)BitConverter.ToUInt32(message)));
    }

    internal sealed record Answer(IcStatus Status);
}
