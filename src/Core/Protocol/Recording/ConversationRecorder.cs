// Writes a conversation to a file while it goes on. The format is that of docs/recording.md.

namespace VmBus.Protocol;

/// <summary>
/// Records the messages of a connection. Thread-safe. Each message is written and flushed as one piece when it is
/// observed. So the recording is readable up to its last complete record however the process ends. Only the current record
/// is held in memory.
/// </summary>
/// <remarks>
/// A recorder never disturbs the connection. If the stream fails or the recording reaches its maximum length, it
/// stops recording and counts later messages in <see cref="Lost"/>. At the maximum length, the last record is an end mark.
/// </remarks>
public sealed class ConversationRecorder : IMessageObserver, IDisposable
{
    /// <summary>The default maximum length of a recording, in bytes: 1 GiB, about ten million messages.</summary>
    public const long DefaultMaxLength = 1L << 30;

    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private readonly TimeProvider _clock;
    private readonly long _maxLength;
    private readonly bool _leaveOpen;
    private readonly long _start;
    private readonly byte[] _record = new byte[RecordHead.Size + RecordedMessage.MaxLength];
    private TimeSpan _last;
    private bool _isWriting;
    private bool _disposed;

    /// <summary>Begins a recording: writes the file header.</summary>
    /// <param name="stream">The destination; written from its current position, never read or repositioned.</param>
    /// <param name="clock">The clock for the timestamps.</param>
    /// <param name="maxLength">The maximum length of the recording, in bytes.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the recorder is disposed.</param>
    /// <exception cref="ArgumentException">The stream cannot be written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The maximum length has no room for the file header and the end mark, 64 bytes.
    /// </exception>
    /// <exception cref="IOException">The file header could not be written.</exception>
    public ConversationRecorder(Stream stream, TimeProvider clock, long maxLength = DefaultMaxLength, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, RecordingHeader.Size + RecordHead.Size);
        if (!stream.CanWrite)
            throw new ArgumentException("The stream cannot be written.", nameof(stream));
        _stream = stream;
        _clock = clock;
        _maxLength = maxLength;
        _leaveOpen = leaveOpen;
        _start = clock.GetTimestamp();
        RecordingHeader.Write(_record, clock.GetUtcNow());
        stream.Write(_record.AsSpan(0, RecordingHeader.Size));
        stream.Flush();
        Length = RecordingHeader.Size;
    }

    /// <summary>How many bytes were written, including the file header.</summary>
    public long Length { get; private set; }

    /// <summary>How many messages were recorded.</summary>
    public long Recorded { get; private set; }

    /// <summary>How many messages were observed but not recorded.</summary>
    public long Lost { get; private set; }

    /// <summary>The stream's error that ended the recording; <see langword="null"/> if there was none.</summary>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
    {
        lock (_lock)
        {
            // Once one is lost, so are all after it: a recording has no holes. One that comes out of the stream's own write is
            // lost, too: the record of another is on its way.
            int length = RecordHead.Size + Math.Min(message.Length, RecordedMessage.MaxLength);
            if (_disposed || _isWriting || Lost > 0)
            {
                Lost++;
                return;
            }

            TimeSpan now = _clock.GetElapsedTime(_start);
            if (now > _last)
                _last = now;
            // Room for the mark is kept, so that its reader knows that this is not all.
            if (length > _maxLength - Length - RecordHead.Size)
            {
                Lost++;
                TryWrite(RecordHead.WriteEnd(_record, _last));
            }
            else if (TryWrite(RecordHead.Write(_record, _last, direction, negotiated, fault, message)))
                Recorded++;
            else
                Lost++;
        }
    }

    private bool TryWrite(int length)
    {
        _isWriting = true;
        try
        {
            _stream.Write(_record.AsSpan(0, length));
            _stream.Flush();
        }
        catch (Exception failure)
        {
            // Whatever the stream is made of: what it throws would end the connection that is observed.
            Failure = failure;
            return false;
        }
        finally
        {
            _isWriting = false;
        }
        Length += length;
        return true;
    }

    /// <summary>Ends the recording, and closes the stream unless it was left open.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (!_leaveOpen)
                _stream.Dispose();
        }
    }
}
