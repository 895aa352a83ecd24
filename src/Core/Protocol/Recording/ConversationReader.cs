// Reads a recorded conversation, message by message, whether it has ended or is still being written. The format is that
// of docs/recording.md.

namespace VmBus.Protocol;

/// <summary>
/// Reads a recording. Not thread-safe. Holds at most one record in memory. The file is not trusted:
/// each length and each value is checked before it is used.
/// </summary>
public sealed class ConversationReader : IDisposable
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly byte[] _buffer = new byte[RecordHead.Size + RecordedMessage.MaxLength];
    private int _filled;
    private TimeSpan _last;
    private RecordingCorruptException? _corrupt;
    private bool _disposed;

    /// <summary>Creates a reader; nothing is read yet.</summary>
    /// <param name="stream">The recording; read from its current position.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the reader is disposed.</param>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    public ConversationReader(Stream stream, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead)
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        _stream = stream;
        _leaveOpen = leaveOpen;
    }

    /// <summary>When the recording began; <see langword="null"/> until the file header was read.</summary>
    public DateTimeOffset? Start { get; private set; }

    /// <summary>How many bytes of complete records were read, including the file header.</summary>
    public long Position { get; private set; }

    /// <summary>
    /// How many bytes of an incomplete record or file header were read. If this is not 0 after
    /// <see cref="TryRead"/> returned <see langword="false"/>, the recording is truncated, or the rest is not written yet.
    /// </summary>
    public int Leftover => _filled;

    /// <summary>
    /// Whether the recording reached its maximum length and ends with an end mark: it does not contain later messages.
    /// </summary>
    public bool IsAtLimit { get; private set; }

    /// <summary>Reads the next message.</summary>
    /// <param name="message">The message.</param>
    /// <returns>
    /// Whether there is one. If not, the stream has no complete record left. The next call tries again, so
    /// a growing file can be followed.
    /// </returns>
    /// <exception cref="RecordingCorruptException">The file is not a recording, or it is damaged.</exception>
    /// <exception cref="IOException">The stream could not be read.</exception>
    /// <exception cref="ObjectDisposedException">The reader is disposed.</exception>
    public bool TryRead(out RecordedMessage message)
    {
        message = null!;
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_corrupt is not null)
            throw _corrupt;
        if (IsAtLimit)
            return false;
        try
        {
            if (Start is null && !TryReadHeader())
                return false;
            if (!TryFill(RecordHead.Size))
                return false;
            int length = RecordHead.RecordLength(_buffer, Position);
            if (!TryFill(length))
                return false;
            if (RecordHead.IsEnd(_buffer.AsSpan(0, length), Position))
            {
                IsAtLimit = true;
                Take();
                return false;
            }
            message = RecordHead.Read(_buffer.AsSpan(0, length), Position, _last);
        }
        catch (RecordingCorruptException corrupt)
        {
            _corrupt = corrupt;
            throw;
        }

        _last = message.Time;
        Take();
        return true;
    }

    /// <summary>Reads the remaining messages, up to the last complete record.</summary>
    /// <returns>The messages, read lazily.</returns>
    /// <exception cref="RecordingCorruptException">The file is not a recording, or it is damaged.</exception>
    /// <exception cref="IOException">The stream could not be read.</exception>
    /// <exception cref="ObjectDisposedException">The reader is disposed.</exception>
    public IEnumerable<RecordedMessage> ReadToEnd()
    {
        while (TryRead(out RecordedMessage message))
            yield return message;
    }

    /// <summary>Closes the stream unless it was left open.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (!_leaveOpen)
            _stream.Dispose();
    }

    private bool TryReadHeader()
    {
        if (!TryFill(RecordingHeader.Size))
        {
            // What does not even begin as one is told at once, not waited for.
            int compared = Math.Min(_filled, RecordingHeader.Magic.Length);
            return _buffer.AsSpan(0, compared).SequenceEqual(RecordingHeader.Magic[..compared])
                ? false
                : throw new RecordingCorruptException(RecordingFault.NotARecording, 0, _buffer[0], RecordingHeader.Magic[0]);
        }

        Start = RecordingHeader.Read(_buffer);
        Take();
        return true;
    }

    private bool TryFill(int count)
    {
        while (_filled < count)
        {
            int got = _stream.Read(_buffer, _filled, count - _filled);
            if (got == 0)
                return false;
            _filled += got;
        }

        return true;
    }

    private void Take()
    {
        Position += _filled;
        _filled = 0;
    }
}
