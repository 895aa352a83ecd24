using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Layout;
using VmBus.Pipes;

namespace VmBus.Fuzz;

/// <summary>
/// A hostile guest at the other end of a socket's stream: packets of the pipe with headers that lie, the end at any moment, and more
/// behind it. Input: options (1 byte), then operations: code (1 byte) and operand (2 bytes); a packet has 4 bytes more, its type and
/// the length that its header claims.
/// </summary>
[SupportedOSPlatform("linux")]
public static class SocketTarget
{
    /// <summary>Option bits.</summary>
    public const byte MappedTwice = 1;

    private const int MaxOperations = 200;

    /// <summary>What the guest does, or the host's program.</summary>
    public enum Operation : byte
    {
        /// <summary>The guest sends a packet with as many bytes behind its header as the operand says.</summary>
        Packet,

        /// <summary>The guest sends a packet that is shorter than a header.</summary>
        Cut,

        /// <summary>The guest takes all that the host wrote.</summary>
        Drain,

        /// <summary>The program reads up to so many bytes.</summary>
        Read,

        /// <summary>The program asks whether a read would wait.</summary>
        Look,

        /// <summary>The program writes so many bytes.</summary>
        Write,

        /// <summary>The program says its end.</summary>
        Complete,

        /// <summary>The guest closes the channel: what is left in its ring is kept.</summary>
        Detach,

        /// <summary>The program disposes the stream.</summary>
        Dispose,
    }

    /// <summary>Runs one input.</summary>
    /// <exception cref="FindingException">The stream broke its law.</exception>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        using var run = new SocketRun((input.Byte() & MappedTwice) != 0);
        for (int operation = 0; operation < MaxOperations && !input.IsEmpty; operation++)
        {
            byte code = input.Byte();
            int operand = input.Byte() | input.Byte() << 8;
            switch ((Operation)(code % 9))
            {
                case Operation.Packet:
                    byte type = input.Byte(), pipe = input.Byte();
                    run.Send((PacketType)type, pipe, (uint)(input.Byte() | input.Byte() << 8), operand % 3000);
                    break;
                case Operation.Cut:
                    run.SendCut(operand % PipeHeader.Size);
                    break;
                case Operation.Drain:
                    run.Drain();
                    break;
                case Operation.Read:
                    run.Read(1 + operand % 5000);
                    break;
                case Operation.Look:
                    run.Read(0);
                    break;
                case Operation.Write:
                    run.Write(operand % 1500);
                    break;
                case Operation.Complete:
                    run.Complete();
                    break;
                case Operation.Detach:
                    run.Detach();
                    break;
                default:
                    run.Dispose();
                    break;
            }
        }
    }

    /// <summary>
    /// A stream, its guest, and what each may read. Where a call would wait, the guest is gone: nothing waits here.
    /// </summary>
    private sealed class SocketRun : IDisposable
    {
        private readonly OutgoingRing _guestWrites;
        private readonly IncomingRing _guestReads;
        private readonly FuzzRing _toHost;
        private readonly HvSocketStream _stream;
        private readonly Queue<byte> _sent = [];        // by the guest, and not read
        private readonly Queue<byte> _written = [];     // by the host, and not read
        private byte _next, _nextWritten;
        private bool _isBroken, _isEnded;               // by the guest: what it sends then is not read
        private bool _isDetached, _isDisposed, _hasSaidEnd, _isGone;

        public SocketRun(bool twice)
        {
            _toHost = FuzzRing.Get(twoPages: true, twice);
            FuzzRing toGuest = FuzzRing.Get(twoPages: false, twice);
            _guestWrites = new OutgoingRing(_toHost.Memory);
            _guestReads = new IncomingRing(toGuest.Memory);
            var absent = new Absent();
            var channel = new VmBusChannel(new OutgoingRing(toGuest.Memory), new IncomingRing(_toHost.Memory), new ChannelSignaler(new SignalBinding { ChildRelid = 1, Path = absent }), absent);
            _stream = new HvSocketStream(new PipeStream(channel, leaveOpen: true), Guid.Empty, Guid.Empty);
        }

        public void Send(PacketType type, byte pipe, uint claimed, int length)
        {
            var payload = new byte[PipeHeader.Size + length];
            BinaryPrimitives.WriteUInt32LittleEndian(payload, pipe);
            BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(4), claimed);
            for (int i = PipeHeader.Size; i < payload.Length; i++)
                payload[i] = _next++;
            if (!TryPut(payload, type) || _isBroken || _isEnded || _isDetached)
                return;
            // The ring pads to 8 bytes, and the header may claim those.
            uint there = (uint)(length + 7 & ~7);
            if (type != PacketType.DataInBand || pipe != (byte)PipePacketType.Data || claimed > PipeHeader.MaxDataLength || claimed > there)
            {
                _isBroken = true;
                return;
            }
            _isEnded = claimed == 0;
            for (int i = 0; i < claimed; i++)
                _sent.Enqueue(i < length ? payload[PipeHeader.Size + i] : (byte)0);
        }

        public void SendCut(int length)
        {
            // Padded to nothing, or to a header of zeros: neither is a packet of a pipe.
            if (TryPut(new byte[length], PacketType.DataInBand) && !_isEnded && !_isDetached)
                _isBroken = true;
        }

        public void Read(int length)
        {
            var buffer = new byte[length];
            Exception? thrown = Try(() => Now(_stream.ReadAsync(buffer)), out int read);
            if (_isDisposed)
            {
                FindingException.Unless(thrown is ObjectDisposedException, $"A read after the dispose: {thrown}");
                return;
            }
            if (_sent.Count > 0 || length == 0)
            {
                FindingException.Unless(thrown is null || length == 0 && _isBroken, $"{_sent.Count} bytes are there, and the read throws: {thrown}");
                FindingException.Unless(read == length || read > 0 && read == _sent.Count || read > 0 && read < _sent.Count, $"{read} bytes were read, with {_sent.Count} there.");
                for (int i = 0; i < read; i++)
                    FindingException.Unless(buffer[i] == _sent.Dequeue(), $"Byte {i} of {read} is another.");
                // Nothing is there: the look has waited for a guest that is gone.
                if (length == 0)
                    _isGone |= _sent.Count == 0 && !_isEnded && !_isBroken;
                return;
            }
            if (_isBroken)
            {
                FindingException.Unless(thrown is VmBusException, $"A broken pipe was read: {read} bytes, {thrown}");
                return;
            }
            FindingException.Unless(thrown is null && read == 0, $"{read} bytes, {thrown}, where all was read.");
            _isGone |= !_isEnded;
        }

        public void Write(int length)
        {
            // The guest has room for one write behind what waits: none waits for it.
            if (_written.Count > 0)
                Drain();
            var buffer = new byte[length];
            for (int i = 0; i < length; i++)
                buffer[i] = (byte)(_nextWritten + i);
            Exception? thrown = Try(() => Now(_stream.WriteAsync(buffer)), out _);
            if (_isDisposed)
                FindingException.Unless(thrown is ObjectDisposedException, $"A write after the dispose: {thrown}");
            else if (_isDetached)
                FindingException.Unless(thrown is HvSocketException, $"A write to a guest that has closed: {thrown}");
            else if (_hasSaidEnd)
                FindingException.Unless(thrown is InvalidOperationException or VmBusException, $"A write after the end: {thrown}");
            else if (_isBroken || _isGone)
                FindingException.Unless(thrown is null or VmBusException, $"A write: {thrown}");
            else
                FindingException.Unless(thrown is null, $"A write that has room: {thrown}");
            if (thrown is not null)
                return;
            _nextWritten += (byte)length;
            foreach (byte one in buffer)
                _written.Enqueue(one);
        }

        public void Complete()
        {
            Exception? thrown = Try(() =>
            {
                _stream.CompleteWriting();
                return 0;
            }, out _);
            FindingException.Unless(thrown is null || _isDisposed && thrown is ObjectDisposedException, $"The end: {thrown}");
            _hasSaidEnd |= thrown is null;
        }

        public void Detach()
        {
            if (_isDisposed || _isDetached)
                return;
            _isDetached = true;
            Task detaching = _stream.DetachAsync();
            FindingException.Unless(detaching.IsCompletedSuccessfully, $"What was left was not taken: {detaching.Status}");
        }

        public void Dispose()
        {
            _stream.Dispose();
            _isDisposed = true;
        }

        public void Drain()
        {
            using IncomingBatch batch = _guestReads.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
            {
                ReadOnlySpan<byte> payload = packet.Payload;
                uint length = BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]);
                FindingException.Unless(packet.Type == PacketType.DataInBand && BinaryPrimitives.ReadUInt32LittleEndian(payload) == 1, "The host sent another packet than data.");
                FindingException.Unless(length <= PipeHeader.MaxDataLength && length <= payload.Length - PipeHeader.Size, $"The host claims {length} bytes in {payload.Length}.");
                FindingException.Unless(length > 0 || _hasSaidEnd || _isDisposed, "The host sent an end that its program has not said.");
                foreach (byte one in payload.Slice(PipeHeader.Size, (int)length))
                    FindingException.Unless(_written.TryDequeue(out byte wanted) && wanted == one, "The host sent another byte than its program.");
            }
            batch.Commit();
            FindingException.Unless(_written.Count == 0, $"{_written.Count} bytes were written and did not come.");
        }

        private bool TryPut(byte[] payload, PacketType type)
        {
            uint at = _toHost.Load(FuzzRing.WriteIndex);
            if (_isGone || !_guestWrites.TryWrite(payload, 0, PacketFlags.None, out _))
                return false;
            _toHost.Put(at, [(byte)type, 0]);
            return true;
        }

        private static Exception? Try(Func<int> call, out int value)
        {
            value = 0;
            try
            {
                value = call();
                return null;
            }
            catch (Exception thrown) when (thrown is VmBusException or ObjectDisposedException or InvalidOperationException)
            {
                return thrown;
            }
        }

        private static int Now(ValueTask<int> reading)
        {
            FindingException.Unless(reading.IsCompleted, "A read waits.");
            return reading.GetAwaiter().GetResult();
        }

        private static int Now(ValueTask writing)
        {
            FindingException.Unless(writing.IsCompleted, "A write waits.");
            writing.GetAwaiter().GetResult();
            return 0;
        }
    }

    /// <summary>A guest that no signal reaches, and whose signals never come.</summary>
    private sealed class Absent : ISignalPath, ISignalWait
    {
        public SignalCapabilities Capabilities => SignalCapabilities.Hypercall;

        public HypercallStatus Signal() => HypercallStatus.Success;

        public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => throw Gone();

        public ValueTask WaitAsync(CancellationToken cancellationToken = default) => ValueTask.FromException(Gone());

        public void Close(string reason)
        {
        }

        private static PeerDisconnectedException Gone() => new("The guest is gone.");
    }
}
