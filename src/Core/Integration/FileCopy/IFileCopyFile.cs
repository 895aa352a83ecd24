namespace VmBus.Integration;

/// <summary>A file that is being copied. Disposing it before <see cref="Complete"/> has succeeded leaves nothing of it.</summary>
public interface IFileCopyFile : IDisposable
{
    /// <summary>Writes a piece. Pieces come in any order, lie within the size announced and may overlap.</summary>
    /// <param name="offset">Where in the file, in bytes.</param>
    /// <param name="data">The bytes; only valid during the call.</param>
    /// <returns>Success, or why not: the file is given up then.</returns>
    FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Puts the file under its name, whole: all its bytes were written.</summary>
    /// <returns>Success, or why not: the file is given up then.</returns>
    FileCopyVerdict Complete();
}
